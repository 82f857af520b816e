#include "kernels/low_rank_norm.hpp"

#include <cmath>
#include <vector>

namespace goracs::cpu {

void low_rank_norm(const LowRankFactors& factors, std::span<double> norm) {
  const float *const u = factors.u, *const z = factors.z;
  const std::int64_t samples = factors.samples, tokens = factors.tokens, out = factors.out, rank = factors.rank;
#pragma omp parallel for schedule(static)
  for (std::int64_t b = 0; b < samples; ++b) {
    std::vector<float> product(static_cast<std::size_t>(out * rank), 0.0F);
    for (std::int64_t t = b * tokens; t < (b + 1) * tokens; ++t)
      for (std::int64_t o = 0; o < out; ++o)
        for (std::int64_t k = 0; k < rank; ++k) product[static_cast<std::size_t>(o * rank + k)] += u[t * out + o] * z[t * rank + k];
    double squares = 0;
    for (const float value : product) squares += static_cast<double>(value) * static_cast<double>(value);
    norm[static_cast<std::size_t>(b)] = std::sqrt(squares);
  }
}

}  // namespace goracs::cpu
