#include "kernels/dropout_mask.hpp"

#include <algorithm>

#include "base/philox.hpp"

namespace goracs::cpu {

void dropout_mask(const DropoutDraw& draw, std::span<float> mask) {
  constexpr std::int64_t kPiece = 4096 * kDropoutNumbers;  // a thread's work: far more than what it costs to hand it out
  const std::int64_t numbers = draw.columns * draw.width, pieces = (numbers + kPiece - 1) / kPiece;
#pragma omp parallel for collapse(2) schedule(static)
  for (std::int64_t b = 0; b < draw.sequences; ++b)
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      const std::int64_t skipped = draw.skipped[b] * draw.width, drawn = numbers - skipped;
      float* const rest = mask.data() + b * numbers + skipped;
      if (piece == 0) std::fill(rest - skipped, rest, 1.0F);
      for (std::int64_t begin = piece * kPiece; begin < std::min(drawn, (piece + 1) * kPiece); begin += kDropoutNumbers) {
        const auto block = philox_block(draw.key[b], static_cast<std::uint64_t>(begin / kDropoutNumbers));
        for (int k = 0; k < std::min<std::int64_t>(kDropoutNumbers, drawn - begin); ++k) rest[begin + k] = dropout_number(block, k, draw);
      }
    }
}

}  // namespace goracs::cpu
