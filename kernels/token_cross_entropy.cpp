#include "kernels/token_cross_entropy.hpp"

#include <algorithm>
#include <cmath>

namespace goracs::cpu {

void token_cross_entropy(MatrixView<const float> logits, std::span<const std::int32_t> label, std::span<float> loss) {
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < logits.rows; ++i) {
    const auto row = logits.row(i);
    const std::int32_t target = label[static_cast<std::size_t>(i)];
    const double largest = static_cast<double>(*std::ranges::max_element(row));
    double sum = 0;
    for (const float logit : row) sum += std::exp(static_cast<double>(logit) - largest);
    const double of_target = target == kNoLabel ? 0 : static_cast<double>(row[static_cast<std::size_t>(target)]) - largest;
    loss[static_cast<std::size_t>(i)] = target == kNoLabel ? 0.0F : static_cast<float>(std::log(sum) - of_target);
  }
}

}  // namespace goracs::cpu
