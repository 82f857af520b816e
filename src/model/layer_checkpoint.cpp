#include "model/layer_checkpoint.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

namespace goracs {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Step = std::function<at::Tensor(const at::Tensor&)>;

/// The step and the leaves inside it, kept by the graph's node.
struct Recipe final : torch::CustomClassHolder {
  Step step;
  std::vector<at::Tensor> parameters;
};

struct Checkpoint : torch::autograd::Function<Checkpoint> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const c10::intrusive_ptr<Recipe>& recipe, at::TensorList) {
    const at::AutoGradMode no_graph(false);
    context->saved_data["recipe"] = c10::IValue::make_capsule(recipe);
    context->save_for_backward({x});
    return recipe->step(x);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradient) {
    const auto recipe = c10::static_intrusive_pointer_cast<Recipe>(context->saved_data["recipe"].toCapsule());
    const at::AutoGradMode with_graph(true);
    const at::Tensor x = context->get_saved_variables()[0].detach().requires_grad_(true);
    variable_list leaves = {x};
    leaves.insert(leaves.end(), recipe->parameters.begin(), recipe->parameters.end());
    const variable_list inner = torch::autograd::grad({recipe->step(x)}, leaves, {gradient[0]}, std::nullopt, false, /*allow_unused=*/true);
    variable_list gradients = {inner[0], at::Tensor()};  // x, recipe, then one for each leaf
    gradients.insert(gradients.end(), inner.begin() + 1, inner.end());
    return gradients;
  }
};

}  // namespace

at::Tensor checkpointed(const Step& step, const at::Tensor& x, const std::vector<at::Tensor>& parameters) {
  auto recipe = c10::make_intrusive<Recipe>();
  recipe->step = step;
  recipe->parameters = parameters;
  return Checkpoint::apply(x, recipe, at::TensorList(parameters));
}

}  // namespace goracs
