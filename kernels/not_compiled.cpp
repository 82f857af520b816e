#include "kernels/not_compiled.hpp"

#include "kernels/best_rows.hpp"
#include "kernels/column_minimum.hpp"
#include "kernels/column_two_lowest.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/dropout_mask.hpp"
#include "kernels/gain.hpp"
#include "kernels/gpu.hpp"
#include "kernels/low_rank_norm.hpp"
#include "kernels/lowest_columns.hpp"
#include "kernels/lowest_sum.hpp"
#include "kernels/masked_mean.hpp"
#include "kernels/normalise_cost.hpp"
#include "kernels/pairwise_distance.hpp"
#include "kernels/reduced_cost.hpp"
#include "kernels/row_range.hpp"
#include "kernels/row_sum.hpp"
#include "kernels/token_cross_entropy.hpp"

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

GORACS_STAND_IN void least_difference(std::span<const float* const>, std::span<const double>, std::span<double>) {
  throw NotCompiled("least_difference");
}
GORACS_STAND_IN void column_two_lowest(std::span<const float* const>, std::span<const double>, ColumnTwoLowest) {
  throw NotCompiled("column_two_lowest");
}
GORACS_STAND_IN void lowest_sum(MatrixView<const float>, std::span<const std::int64_t>, std::span<const double>, int, std::int64_t,
                                std::span<LowestSum>) {
  throw NotCompiled("lowest_sum");
}
GORACS_STAND_IN void lowest_columns(MatrixView<const float>, std::span<const std::int64_t>, std::span<const double>, MatrixView<CostArc>) {
  throw NotCompiled("lowest_columns");
}
GORACS_STAND_IN void best_rows(const RowScores&, std::span<const char>, BestRows) { throw NotCompiled("best_rows"); }
GORACS_STAND_IN void low_rank_norm(const LowRankFactors&, std::span<double>, std::int64_t) { throw NotCompiled("low_rank_norm"); }
GORACS_STAND_IN void token_cross_entropy(MatrixView<const float>, std::span<const std::int32_t>, std::span<float>) {
  throw NotCompiled("token_cross_entropy");
}
GORACS_STAND_IN void dropout_mask(const DropoutDraw&, std::span<float>) { throw NotCompiled("dropout_mask"); }
GORACS_STAND_IN void masked_mean(const MaskedStates&, std::span<float>) { throw NotCompiled("masked_mean"); }

GORACS_STAND_IN void* allocate(std::size_t) { throw NotCompiled("device memory"); }
GORACS_STAND_IN void release(void*) noexcept {}
GORACS_STAND_IN OnStream::OnStream(void*) { throw NotCompiled("streams"); }
GORACS_STAND_IN OnStream::~OnStream() = default;
GORACS_STAND_IN void copy_to_device(void*, const void*, std::size_t) { throw NotCompiled("copy_to_device"); }
GORACS_STAND_IN void copy_to_host(void*, const void*, std::size_t) { throw NotCompiled("copy_to_host"); }
GORACS_STAND_IN void copy_rows(void*, std::size_t, const void*, std::size_t, std::size_t, std::size_t) { throw NotCompiled("copy_rows"); }
GORACS_STAND_IN void synchronise() { throw NotCompiled("synchronise"); }

GORACS_STAND_IN Gpus visible_gpus() { return {0, "this program was built without CUDA", false}; }
GORACS_STAND_IN void use(int) { throw NotCompiled("use"); }
GORACS_STAND_IN bool in_use() noexcept { return false; }
GORACS_STAND_IN std::string bus_address(int) { throw NotCompiled("bus_address"); }
GORACS_STAND_IN GpuMemory gpu_memory() { throw NotCompiled("gpu_memory"); }

}  // namespace goracs::cuda
