#include "model/rotary.hpp"

#include <ATen/Functions.h>

#include <cmath>
#include <numbers>

namespace goracs {
namespace {

/// LLaMA 3.1: long wavelengths are stretched by `factor`, short ones kept, those between blended.
float scaled(float frequency, const Llama3RopeScaling& scaling) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double original = scaling.original_max_position_embeddings;
  if (wavelength < original / scaling.high_freq_factor) return frequency;
  const double stretched = frequency / scaling.factor;
  if (wavelength > original / scaling.low_freq_factor) return static_cast<float>(stretched);
  const double share = (original / wavelength - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return static_cast<float>((1.0 - share) * stretched + share * frequency);
}

}  // namespace

at::Tensor inverse_frequencies(const LlamaConfig& config) {
  const std::int64_t half = config.head_dim / 2;
  const at::Tensor exponent = at::arange(0, config.head_dim, 2, at::kFloat) / static_cast<double>(config.head_dim);
  at::Tensor frequencies = 1.0 / at::pow(config.rope_theta, exponent);
  if (config.rope_scaling) {
    auto* value = frequencies.data_ptr<float>();
    for (std::int64_t k = 0; k < half; ++k) value[k] = scaled(value[k], *config.rope_scaling);
  }
  return frequencies;
}

Rotary Rotary::at_positions(const LlamaConfig& config, const at::Tensor& positions, at::ScalarType dtype) {
  at::Tensor angles =
      positions.to(at::kFloat).unsqueeze(-1) * inverse_frequencies(config).to(positions.device());  // (T, D/2) or (B, T, D/2)
  if (angles.dim() == 2) angles = angles.unsqueeze(0);
  angles = angles.unsqueeze(1);
  return {angles.cos().to(dtype), angles.sin().to(dtype)};
}

Rotary Rotary::of_rows(const at::Tensor& positions) const {
  const auto chosen = [&](const at::Tensor& angles) { return angles[0][0].index_select(0, positions).unsqueeze(1).unsqueeze(1); };
  return {chosen(cos), chosen(sin)};
}

at::Tensor Rotary::apply(const at::Tensor& x) const {
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, -1);
}

}  // namespace goracs
