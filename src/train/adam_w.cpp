#include "train/adam_w.hpp"

#include <cmath>

namespace goracs {

AdamW::AdamW(std::size_t num_parameters, const Settings& settings) : settings_(settings) {
  state_.first_moment.assign(num_parameters, 0.0F);
  state_.second_moment.assign(num_parameters, 0.0F);
}

void AdamW::update(std::span<float> parameters, std::span<const float> gradient, double learning_rate) {
  const auto t = static_cast<double>(++state_.steps);
  const auto beta1 = static_cast<float>(settings_.beta1), rest1 = static_cast<float>(1.0 - settings_.beta1);
  const auto beta2 = static_cast<float>(settings_.beta2), rest2 = static_cast<float>(1.0 - settings_.beta2);
  const auto keep = static_cast<float>(1.0 - learning_rate * settings_.weight_decay);
  const auto rate = static_cast<float>(learning_rate / (1.0 - std::pow(settings_.beta1, t)));
  const auto root_correction = static_cast<float>(1.0 / std::sqrt(1.0 - std::pow(settings_.beta2, t)));
  const auto eps = static_cast<float>(settings_.eps);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    float& m = state_.first_moment[i];
    float& v = state_.second_moment[i];
    m = beta1 * m + rest1 * gradient[i];
    v = beta2 * v + rest2 * gradient[i] * gradient[i];
    parameters[i] = parameters[i] * keep - rate * m / (std::sqrt(v) * root_correction + eps);
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
