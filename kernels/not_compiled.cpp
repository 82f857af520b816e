#include "kernels/not_compiled.hpp"

#include "kernels/column_minimum.hpp"
#include "kernels/gain.hpp"
#include "kernels/normalise_cost.hpp"
#include "kernels/pairwise_distance.hpp"
#include "kernels/row_range.hpp"
#include "kernels/row_sum.hpp"

namespace goracs {

NotCompiled::NotCompiled(const char* kernel)
    : Error(ExitCode::kUsage,
            fmt::format("run.device: this program was built without CUDA, so {} cannot run on a GPU; choose cpu", kernel)) {}

}  // namespace goracs

// Weak: a kernel's own .cu, where one is linked, takes the place of its stand-in.
#define GORACS_STAND_IN __attribute__((weak))

namespace goracs::cuda {

GORACS_STAND_IN void pairwise_distance(MatrixView<const float>, MatrixView<const float>, MatrixView<float>) {
  throw NotCompiled("pairwise_distance");
}
GORACS_STAND_IN void row_range(MatrixView<const float>, std::span<float>, std::span<float>) { throw NotCompiled("row_range"); }
GORACS_STAND_IN void normalise_cost(MatrixView<float>, std::span<const float>, const CostScale&) { throw NotCompiled("normalise_cost"); }
GORACS_STAND_IN void row_sum(MatrixView<const float>, std::span<std::int64_t>) { throw NotCompiled("row_sum"); }
GORACS_STAND_IN void gain(MatrixView<const float>, std::span<const float>, std::span<std::int64_t>) { throw NotCompiled("gain"); }
GORACS_STAND_IN void column_minimum(MatrixView<const float>, std::span<float>, std::span<std::int32_t>) {
  throw NotCompiled("column_minimum");
}

}  // namespace goracs::cuda
