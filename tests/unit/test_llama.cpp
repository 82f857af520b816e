// What must hold for a LLaMA whatever its numbers are, and its pieces by hand.
#include "model/llama.hpp"

#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "model/device.hpp"
#include "model/norm.hpp"
#include "model/safetensors.hpp"
#include "model/token_batch.hpp"
#include "model/weights.hpp"
#include "support/temporary_folder.hpp"
#include "support/tiny_llama.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;
using test::invented_tokens;
using test::tiny_adapter;
using test::tiny_llama;

// float32 sums of some hundred terms in another order
constexpr double kRounding = 2e-5;

double difference(const at::Tensor& a, const at::Tensor& b) { return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>(); }

std::vector<std::vector<std::int32_t>> sequences(std::initializer_list<std::int64_t> lengths) {
  std::vector<std::vector<std::int32_t>> all;
  for (const std::int64_t length : lengths) all.push_back(invented_tokens(length, "llama", static_cast<std::int64_t>(all.size())));
  return all;
}

std::vector<std::span<const std::int32_t>> spans(const std::vector<std::vector<std::int32_t>>& all) { return {all.begin(), all.end()}; }

TEST(Llama, PaddingOnTheRightChangesNoRealRow) {
  const at::NoGradGuard no_graph;
  const auto all = sequences({1, 7, 13, 32});
  const TokenBatch batch = TokenBatch::padded_right(spans(all));
  const at::Tensor together = tiny_llama().hidden_states(batch.ids, &tiny_adapter());
  for (std::size_t b = 0; b < all.size(); ++b) {
    const std::span<const std::int32_t> one[] = {all[b]};
    const at::Tensor alone = tiny_llama().hidden_states(TokenBatch::padded_right(one).ids, &tiny_adapter());
    const auto length = static_cast<std::int64_t>(all[b].size());
    EXPECT_LE(difference(together[static_cast<std::int64_t>(b)].narrow(0, 0, length), alone[0]), kRounding);
  }
}

TEST(Llama, PaddingOnTheLeftGivesTheSameUpToRounding) {
  const at::NoGradGuard no_graph;
  const auto all = sequences({3, 11, 6});
  const TokenBatch left = TokenBatch::padded_left(spans(all), 0, 8), right = TokenBatch::padded_right(spans(all));
  ASSERT_EQ(left.columns(), 16);
  LeftPaddedAttention attention(left.mask());
  const ForwardContext context{tiny_llama().rotary_from_zero(left.columns()), &attention, nullptr, {}};
  const at::Tensor padded = tiny_llama().final_norm(tiny_llama().layers(tiny_llama().embed(left.ids), context)).flatten(0, 1);
  const at::Tensor expected = tiny_llama().hidden_states(right.ids).flatten(0, 1);
  for (std::int64_t b = 0; b < left.size(); ++b)
    for (std::int64_t t = 0; t < left.length[static_cast<std::size_t>(b)]; ++t)
      EXPECT_LE(difference(padded[left.row(b, t)], expected[right.row(b, t)]), kRounding) << b << " " << t;
}

TEST(Llama, TheLayerForOneTokenIsARowOfTheWholeLayer) {
  const at::NoGradGuard no_graph;
  const auto all = sequences({9, 9, 9});
  const TokenBatch batch = TokenBatch::padded_right(spans(all));
  CausalAttention causal;
  const at::Tensor positions = at::tensor({0, 8, 4}, at::kLong), x = tiny_llama().embed(batch.ids);
  AttentionAt one(positions);
  const Rotary rotary = tiny_llama().rotary_from_zero(9);
  const at::Tensor whole = tiny_llama().layer(0, x, {rotary, &causal, &tiny_adapter(), {}});
  const at::Tensor asked = tiny_llama().layer_at(0, x, positions, {rotary, &one, &tiny_adapter(), {}});
  ASSERT_EQ(asked.sizes(), at::IntArrayRef({3, 1, x.size(2)}));
  for (std::int64_t b = 0; b < 3; ++b) EXPECT_LE(difference(asked[b][0], whole[b][positions[b].item<std::int64_t>()]), kRounding);
}

TEST(Llama, ClassLogitsAreRowsOfAllLogits) {
  const at::NoGradGuard no_graph;
  const auto all = sequences({5});
  const at::Tensor hidden = tiny_llama().hidden_states(TokenBatch::padded_right(spans(all)).ids)[0],
                   classes = at::tensor({17, 3}, at::kLong);
  EXPECT_LE(difference(tiny_llama().logits_of(hidden, classes), tiny_llama().logits(hidden).index_select(1, classes)), kRounding);
  const at::Tensor gradient = at::randn({5, 2});
  const at::Tensor wide = at::zeros({5, tiny_llama().config().vocab_size}).index_copy_(1, classes, gradient);
  EXPECT_LE(difference(tiny_llama().logits_gradient_of(gradient, classes), tiny_llama().logits_gradient(wide)), kRounding);
}

TEST(Llama, TheSameInputGivesTheSameBits) {
  const at::NoGradGuard no_graph;
  const auto all = sequences({31, 33});
  const TokenBatch batch = TokenBatch::padded_right(spans(all));
  EXPECT_TRUE(at::equal(tiny_llama().hidden_states(batch.ids), tiny_llama().hidden_states(batch.ids)));
}

/// Gradients of a fixed function of the output by all adapter tensors.
std::vector<at::Tensor> gradients(const Adapter& adapter, bool checkpoint_layers) {
  const auto all = sequences({12, 12});
  CausalAttention causal;
  const ForwardContext context{tiny_llama().rotary_from_zero(12), &causal, &adapter, {}};
  const at::Tensor out = tiny_llama().layers(tiny_llama().embed(TokenBatch::padded_right(spans(all)).ids), context, checkpoint_layers);
  const at::Tensor weight = at::arange(out.numel(), at::kFloat).view(out.sizes()).remainder(7.0);
  return torch::autograd::grad({(out * weight).sum()}, adapter.tensors());
}

TEST(Llama, ActivationCheckpointingChangesNoBitOfAGradient) {
  Adapter adapter = tiny_adapter().clone();
  adapter.track_gradients(true);
  const auto kept = gradients(adapter, false), again = gradients(adapter, true);
  for (std::size_t k = 0; k < kept.size(); ++k) EXPECT_TRUE(at::equal(kept[k], again[k])) << adapter.names()[k];
}

TEST(Llama, GradientsAreThoseOfFiniteDifferences) {
  Adapter adapter = tiny_adapter().clone();
  adapter.track_gradients(true);
  const auto exact = gradients(adapter, false);
  const auto value = [&] {
    const at::NoGradGuard no_graph;
    const auto all = sequences({12, 12});
    CausalAttention causal;
    const ForwardContext context{tiny_llama().rotary_from_zero(12), &causal, &adapter, {}};
    const at::Tensor out = tiny_llama().layers(tiny_llama().embed(TokenBatch::padded_right(spans(all)).ids), context);
    return (out.to(at::kDouble) * at::arange(out.numel(), at::kDouble).view(out.sizes()).remainder(7.0)).sum().item<double>();
  };
  constexpr double kStep = 1e-2;
  const auto tensors = adapter.tensors();
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    const at::NoGradGuard no_graph;
    const at::Tensor direction = exact[k] / exact[k].norm();
    tensors[k].add_(direction, kStep);
    const double above = value();
    tensors[k].add_(direction, -2.0 * kStep);
    const double below = value();
    tensors[k].add_(direction, kStep);
    const double slope = exact[k].norm().item<double>();
    EXPECT_NEAR((above - below) / (2.0 * kStep), slope, 0.02 * slope) << adapter.names()[k];  // the third derivative's share
  }
}

/// The golden model with each key-value head stored once for every query head that shares it: the same function without grouping.
fs::path ungrouped(const fs::path& source, const test::TemporaryFolder& folder) {
  std::ifstream in(source / "config.json");
  auto json = nlohmann::json::parse(in);
  const LlamaConfig config = LlamaConfig::read(source);
  json["num_key_value_heads"] = config.num_heads;
  folder.file("config.json", json.dump());
  const Weights weights = Weights::open_folder(source);
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [key, view] : weights.tensors()) {
    at::Tensor tensor = weights.load(key, view.shape, at::kFloat);
    if (key.ends_with("k_proj.weight") || key.ends_with("v_proj.weight"))
      tensor = tensor.view({config.num_key_value_heads, config.head_dim, config.hidden_size})
                   .repeat_interleave(config.num_heads / config.num_key_value_heads, 0)
                   .flatten(0, 1)
                   .contiguous();
    tensors.emplace(key, tensor);
  }
  std::map<std::string, TensorView> views;
  for (const auto& [key, tensor] : tensors) views.emplace(key, view_of(tensor));
  write_safetensors(folder / "model.safetensors", views);
  return folder.path();
}

TEST(Llama, GroupedQueriesShareTheirKeyAndValueHeads) {
  const at::NoGradGuard no_graph;
  const test::TemporaryFolder folder;
  const Llama same = Llama::load(ungrouped(test::golden_source() / "models" / "llama_gqa", folder), at::kFloat);
  ASSERT_NE(same.config().num_key_value_heads, tiny_llama().config().num_key_value_heads);
  const auto all = sequences({21, 4});
  const at::Tensor ids = TokenBatch::padded_right(spans(all)).ids;
  const at::Tensor grouped = tiny_llama().hidden_states(ids), repeated = same.hidden_states(ids);
  EXPECT_LE(difference(grouped[0], repeated[0]), kRounding);
  EXPECT_LE(difference(grouped[1].narrow(0, 0, 4), repeated[1].narrow(0, 0, 4)), kRounding);
}

TEST(Llama, Bfloat16IsNearFloat32) {
  const at::NoGradGuard no_graph;
  const Llama narrow = Llama::load(test::golden_source() / "models" / "llama_gqa", at::kBFloat16);
  const auto all = sequences({17});
  const at::Tensor ids = TokenBatch::padded_right(spans(all)).ids;
  const at::Tensor exact = tiny_llama().hidden_states(ids), rounded = narrow.hidden_states(ids);
  EXPECT_EQ(rounded.scalar_type(), at::kBFloat16);
  // 8 bits of mantissa: about 2^-8 a rounding, a few of them on the way
  EXPECT_LE((rounded.to(at::kFloat) - exact).norm().item<double>(), 0.03 * exact.norm().item<double>());
}

TEST(Llama, TheTypeIsTheOneAskedFor) {
  EXPECT_EQ(compute_dtype("float32"), at::kFloat);
  EXPECT_EQ(compute_dtype("bfloat16"), at::kBFloat16);
  EXPECT_EQ(compute_dtype("float32", at::kCUDA), at::kFloat);
  EXPECT_EQ(compute_dtype("auto", at::kCUDA), at::kBFloat16);
  EXPECT_TRUE(compute_dtype("auto") == at::kFloat || compute_dtype("auto") == at::kBFloat16);
}

TEST(RmsNorm, DividesByTheRootMeanSquare) {
  const at::Tensor x = at::tensor({3.0F, 4.0F}), weight = at::tensor({2.0F, 10.0F});
  // mean of squares 12.5, plus 12.5: divided by 5
  EXPECT_LE(difference(rms_norm(x, weight, 12.5), at::tensor({1.2F, 8.0F})), 1e-6);
}

TEST(RmsNorm, ItsGradientIsThatOfItsFormula) {
  const at::Tensor x = at::randn({3, 5, 33}, at::kFloat).requires_grad_(true), weight = at::randn({33}), upstream = at::randn({3, 5, 33});
  const at::Tensor got = torch::autograd::grad({rms_norm(x, weight, 1e-5)}, {x}, {upstream})[0];
  const at::Tensor wide = x.detach().to(at::kDouble).requires_grad_(true);
  const at::Tensor formula = wide / (wide.square().mean(-1, true) + 1e-5).sqrt() * weight.to(at::kDouble);
  EXPECT_LE(difference(got, torch::autograd::grad({formula}, {wide}, {upstream.to(at::kDouble)})[0]), 1e-5);
}

TEST(Rotary, TurnsEachPairByItsFrequencyTimesThePosition) {
  LlamaConfig config;
  config.head_dim = 4;
  config.rope_theta = 100;  // frequencies 1 and 1/10
  const Rotary rotary = Rotary::at_positions(config, at::tensor({0, 3}, at::kLong), at::kFloat);
  const at::Tensor x = at::tensor({1.0F, 2.0F, 0.0F, 5.0F}).view({1, 1, 1, 4}).repeat({1, 1, 2, 1});
  const at::Tensor turned = rotary.apply(x)[0][0];
  EXPECT_TRUE(at::equal(turned[0], x[0][0][0]));  // position 0 turns nothing
  const auto c0 = static_cast<float>(std::cos(3.0)), s0 = static_cast<float>(std::sin(3.0));
  const auto c1 = static_cast<float>(std::cos(0.3)), s1 = static_cast<float>(std::sin(0.3));
  EXPECT_LE(difference(turned[1], at::tensor({c0, 2 * c1 - 5 * s1, s0, 5 * c1 + 2 * s1})), 1e-6);
}

TEST(Rotary, Llama3KeepsShortWavesStretchesLongOnesAndBlendsBetween) {
  LlamaConfig config;
  config.head_dim = 6;
  config.rope_theta = 1e6;                                         // frequencies 1, 1e-2, 1e-4: wavelengths 6.28, 628, 62832
  config.rope_scaling = Llama3RopeScaling{8.0, 1.0, 4.0, 1000.0};  // short below 250, long above 1000
  const at::Tensor frequencies = inverse_frequencies(config);
  const double share = (1000.0 / (2 * M_PI / 1e-2) - 1.0) / 3.0;
  EXPECT_FLOAT_EQ(frequencies[0].item<float>(), 1.0F);
  EXPECT_NEAR(frequencies[1].item<double>(), (1 - share) * 1e-2 / 8 + share * 1e-2, 1e-8);
  EXPECT_NEAR(frequencies[2].item<double>(), 1e-4 / 8, 1e-10);
}

TEST(TokenBatch, KnowsWhichTokensArePadding) {
  const std::vector<std::vector<std::int32_t>> all = {{5, 6, 7}, {0}};  // 0 is a token here, and the padding
  const TokenBatch right = TokenBatch::padded_right(spans(all)), left = TokenBatch::padded_left(spans(all), 9, 4);
  EXPECT_TRUE(at::equal(right.ids, at::tensor({5, 6, 7, 0, 0, 0}, at::kLong).view({2, 3})));
  EXPECT_TRUE(at::equal(right.mask(), at::tensor({1, 1, 1, 1, 0, 0}, at::kLong).view({2, 3}).to(at::kBool)));
  EXPECT_TRUE(at::equal(left.ids, at::tensor({9, 5, 6, 7, 9, 9, 9, 0}, at::kLong).view({2, 4})));
  EXPECT_TRUE(at::equal(left.mask(), at::tensor({0, 1, 1, 1, 0, 0, 0, 1}, at::kLong).view({2, 4}).to(at::kBool)));
  EXPECT_EQ(left.row(1, 0), 7);
  EXPECT_EQ(right.row(1, 0), 3);
}

}  // namespace
}  // namespace goracs
