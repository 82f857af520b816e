#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace goracs {

/// AdamW (Loshchilov and Hutter, arXiv 1711.05101) on one flat array of float32, element by element in order:
///   m <- b1 m + (1 - b1) g,   v <- b2 v + (1 - b2) g^2,   p <- p (1 - rate decay) - rate / (1 - b1^t) * m / (sqrt(v / (1 - b2^t)) + eps)
struct AdamW {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;

  /// All that a resumed run needs besides the parameters.
  struct State {
    std::int64_t steps = 0;
    std::vector<float> first_moment;   ///< m, zeros at first
    std::vector<float> second_moment;  ///< v
  };
  static State start(std::size_t num_parameters);

  /// parameters, gradient: as long as the state's moments
  void update(State& state, std::span<float> parameters, std::span<const float> gradient, double learning_rate) const;
};

/// L2 norm in double, summed in order.
double l2_norm(std::span<const float> gradient);

/// Scales the gradient to `max_norm` where it is longer: factor min(1, max_norm / (norm + 1e-6)); 0 or less clips nothing.
void clip_to_norm(std::span<float> gradient, double norm, double max_norm);

}  // namespace goracs
