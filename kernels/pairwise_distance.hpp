#pragma once

#include "base/matrix.hpp"
#include "kernels/instruction_set.hpp"

namespace goracs {

// distance[i, j] = || train[i] - valid[j] ||_2                                                                      SPEC 5
//   train     (rows, d) float32        valid  (cols, d) float32
//   distance  (rows, cols) float32
// Float32 throughout, never contracted: 16 partial sums of squared differences, component c in lane c mod 16 in ascending order of c; then the
// lanes l and l + 8 are added, l and l + 4, l and l + 2, l and l + 1; then the square root. So the bits do not depend on the instruction
// set, the threads or the shape of the blocks.
// 3 rows cols d operations; reads train once and valid once per 64 rows of train: bound by arithmetic.

namespace cpu {
void pairwise_distance(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance);
/// The same by one of instruction_sets(), for tests.
void pairwise_distance(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance, InstructionSet set);
}  // namespace cpu

namespace cuda {
void pairwise_distance(MatrixView<const float> train, MatrixView<const float> valid, MatrixView<float> distance);
}  // namespace cuda

}  // namespace goracs
