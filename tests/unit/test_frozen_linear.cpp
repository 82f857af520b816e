// Products with frozen weights equal at::linear's, alone, with what follows them, and under autograd.
#include "model/frozen_linear.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <tuple>

namespace goracs {
namespace {

struct Operands {
  at::Tensor x, weight, bias, other;
};

/// x (batch, length, in), weight (out, in), bias (out), other (batch, length, out), of size one each.
Operands operands(std::int64_t batch, std::int64_t length, std::int64_t in, std::int64_t out, at::ScalarType type = at::kFloat) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto drawn = [&](at::IntArrayRef shape) { return at::randn(shape, generator, at::kFloat).to(type); };
  return {drawn({batch, length, in}), drawn({out, in}), drawn({out}), drawn({batch, length, out})};
}

/// A sum of `in` products of size one, rounded in any order: in * eps each way, as float32 and with bfloat16's last rounding.
void expect_equal(const at::Tensor& found, const at::Tensor& expected, std::int64_t in) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  ASSERT_EQ(found.scalar_type(), expected.scalar_type());
  const double eps = found.scalar_type() == at::kFloat ? 0x1p-23 : 0x1p-8;
  const double scale = expected.abs().max().item<double>() + 1;
  EXPECT_LE((found.to(at::kDouble) - expected.to(at::kDouble)).abs().max().item<double>(), static_cast<double>(in) * eps * scale);
}

class FrozenLinearShapes : public testing::TestWithParam<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>> {};

TEST_P(FrozenLinearShapes, EqualLinearWithWhatFollows) {
  const at::NoGradGuard no_graph;
  const auto [batch, length, in, out] = GetParam();
  const Operands o = operands(batch, length, in, out);
  const at::Tensor plain = at::linear(o.x, o.weight), biased = at::linear(o.x, o.weight, o.bias);
  expect_equal(frozen_linear(o.x, o.weight), plain, in);
  expect_equal(frozen_linear(o.x, o.weight, o.bias), biased, in);
  expect_equal(frozen_linear(o.x, o.weight, o.bias, Activation::kGelu), at::gelu(biased), in);
  expect_equal(frozen_linear(o.x, o.weight, {}, Activation::kSilu), at::silu(plain), in);
  expect_equal(frozen_linear_plus(o.x, o.weight, o.bias, o.other), biased + o.other, in);
  expect_equal(frozen_linear_plus(o.x, o.weight, {}, o.other), plain + o.other, in);
  expect_equal(frozen_linear_times(o.x, o.weight, o.other), plain * o.other, in);
}

TEST_P(FrozenLinearShapes, GiveTheInputTheGradientOfLinear) {
  const auto [batch, length, in, out] = GetParam();
  const Operands o = operands(batch, length, in, out);
  const auto gradient = [&](auto product) {
    const at::Tensor x = o.x.clone().requires_grad_(true);
    (product(x) * o.other).sum().backward();
    return x.grad();
  };
  const at::Tensor expected = gradient([&](const at::Tensor& x) { return at::gelu(at::linear(x, o.weight, o.bias)); });
  expect_equal(gradient([&](const at::Tensor& x) { return frozen_linear(x, o.weight, o.bias, Activation::kGelu); }), expected, out);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FrozenLinearShapes,
                         testing::Values(std::tuple(1, 1, 1, 1), std::tuple(1, 3, 31, 33), std::tuple(2, 5, 64, 7),
                                         std::tuple(3, 17, 96, 256)));

TEST(FrozenLinear, ReadsViewsThatAreNotContiguous) {
  const at::NoGradGuard no_graph;
  const Operands o = operands(2, 6, 24, 10);
  const at::Tensor last = o.x.slice(1, 5, 6), turned = o.x.transpose(0, 1);
  expect_equal(frozen_linear(last, o.weight, o.bias), at::linear(last, o.weight, o.bias), 24);
  expect_equal(frozen_linear(turned, o.weight, o.bias), at::linear(turned, o.weight, o.bias), 24);
}

TEST(FrozenLinear, TakesLinearForOtherTypes) {
  const at::NoGradGuard no_graph;
  const Operands o = operands(2, 3, 32, 16, at::kBFloat16);
  expect_equal(frozen_linear(o.x, o.weight), at::linear(o.x, o.weight), 1);
  expect_equal(frozen_linear_plus(o.x, o.weight, {}, o.other), at::linear(o.x, o.weight) + o.other, 1);
}

}  // namespace
}  // namespace goracs
