#include "train/adam_w.hpp"

#include <cmath>

namespace goracs {

AdamW::State AdamW::start(std::size_t num_parameters) {
  return {0, std::vector<float>(num_parameters, 0.0F), std::vector<float>(num_parameters, 0.0F)};
}

void AdamW::update(State& state, std::span<float> parameters, std::span<const float> gradient, double learning_rate) const {
  const auto t = static_cast<double>(++state.steps);
  const auto decay1 = static_cast<float>(beta1), rest1 = static_cast<float>(1.0 - beta1);
  const auto decay2 = static_cast<float>(beta2), rest2 = static_cast<float>(1.0 - beta2);
  const auto keep = static_cast<float>(1.0 - learning_rate * weight_decay);
  const auto rate = static_cast<float>(learning_rate / (1.0 - std::pow(beta1, t)));
  const auto root_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(beta2, t)));
  const auto guard = static_cast<float>(eps);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    float& m = state.first_moment[i];
    float& v = state.second_moment[i];
    m = decay1 * m + rest1 * gradient[i];
    v = decay2 * v + rest2 * gradient[i] * gradient[i];
    parameters[i] = parameters[i] * keep - rate * m / (std::sqrt(v) * root_correction + guard);
  }
}

double l2_norm(std::span<const float> gradient) {
  double sum = 0;
  for (const float g : gradient) sum += static_cast<double>(g) * static_cast<double>(g);
  return std::sqrt(sum);
}

void clip_to_norm(std::span<float> gradient, double norm, double max_norm) {
  constexpr double kGuard = 1e-6;  // torch.nn.utils.clip_grad_norm_'s
  if (max_norm <= 0 || max_norm >= norm + kGuard) return;
  const auto factor = static_cast<float>(max_norm / (norm + kGuard));
  for (float& g : gradient) g *= factor;
}

}  // namespace goracs
