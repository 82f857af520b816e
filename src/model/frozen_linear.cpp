#include "model/frozen_linear.hpp"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/core/List.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <string_view>

#include "base/at_work.hpp"

namespace goracs {
namespace {

using MaybeTensor = std::optional<at::Tensor>;
using Scalars = c10::List<std::optional<at::Scalar>>;
using UnarySignature = at::Tensor(const at::Tensor&, const at::Tensor&, const MaybeTensor&, std::string_view, Scalars,
                                  std::optional<std::string_view>);
using BinarySignature = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&, const MaybeTensor&, std::string_view);

/// oneDNN's products with something behind them, which ATen offers by name only; null in a LibTorch that was built without them.
template <class Signature>
std::optional<c10::TypedOperatorHandle<Signature>> operator_named(const char* overload) {
  const auto found = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", overload});
  if (!found || !at::globalContext().userEnabledMkldnn()) return std::nullopt;
  return found->typed<Signature>();
}
const auto& unary() {
  static const auto kOperator = operator_named<UnarySignature>("");
  return kOperator;
}
const auto& binary() {
  static const auto kOperator = operator_named<BinarySignature>("binary");
  return kOperator;
}

bool is_float_on_cpu(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

MaybeTensor maybe(const at::Tensor& tensor) { return tensor.defined() ? MaybeTensor(tensor) : std::nullopt; }

at::Tensor activated(const at::Tensor& x, Activation activation) {
  if (activation == Activation::kGelu) return at::gelu(x);
  return activation == Activation::kSilu ? at::silu(x) : x;
}

at::Tensor product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation) {
  at_work();  // all that takes long in a model goes through here, backward passes too
  if (!is_float_on_cpu(x) || !unary()) return activated(at::linear(x, weight, maybe(bias)), activation);
  const char* name = activation == Activation::kGelu ? "gelu" : activation == Activation::kSilu ? "swish" : "none";
  return unary()->call(x, weight, maybe(bias), name, Scalars(),
                       activation == Activation::kGelu ? std::optional<std::string_view>("none") : std::nullopt);
}

/// y = x W^T; dL/dx = dL/dy W.
struct FrozenLinear : torch::autograd::Function<FrozenLinear> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight) {
    context->save_for_backward({weight});  // which finds out when the weight was overwritten meanwhile
    return product(x, weight, {}, Activation::kNone);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradient) {
    const at::Tensor weight = context->get_saved_variables()[0];
    return {product(gradient[0], weight.t(), {}, Activation::kNone), at::Tensor()};
  }
};

}  // namespace

at::Tensor frozen_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Activation activation) {
  if (!x.requires_grad() || !at::GradMode::is_enabled()) return product(x, weight, bias, activation);
  const at::Tensor y = FrozenLinear::apply(x, weight);
  return activated(bias.defined() ? y + bias : y, activation);
}

at::Tensor frozen_linear_plus(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& other) {
  if (!is_float_on_cpu(x) || !binary()) return at::linear(x, weight, maybe(bias)).add_(other);
  return binary()->call(x, other, weight, maybe(bias), "add");
}

at::Tensor frozen_linear_times(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& other) {
  if (!is_float_on_cpu(x) || !binary()) return at::linear(x, weight).mul_(other);
  return binary()->call(x, other, weight, std::nullopt, "mul");
}

}  // namespace goracs
