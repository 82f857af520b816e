#include "kernels/row_range.hpp"

#include <cstdint>

#include "kernels/instruction_set.hpp"

namespace goracs::cpu {
namespace {

struct Range {
  float minimum, maximum;
};

GORACS_VECTORISED Range range_of(const float* values, std::int64_t count) {
  float minimum = values[0], maximum = values[0];
#pragma omp simd reduction(min : minimum) reduction(max : maximum)
  for (std::int64_t j = 0; j < count; ++j) {
    minimum = values[j] < minimum ? values[j] : minimum;
    maximum = values[j] > maximum ? values[j] : maximum;
  }
  return {minimum, maximum};
}

}  // namespace

void row_range(MatrixView<const float> values, std::span<float> minimum, std::span<float> maximum) {
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < values.rows; ++i) {
    const Range range = range_of(values.row(i).data(), values.cols);
    minimum[static_cast<std::size_t>(i)] = range.minimum;
    maximum[static_cast<std::size_t>(i)] = range.maximum;
  }
}

}  // namespace goracs::cpu
