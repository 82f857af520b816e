#include "itra/gpu_row_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "base/error.hpp"
#include "itra/cost_rows.hpp"
#include "itra/exact_cost.hpp"
#include "kernels/best_rows.hpp"
#include "kernels/column_minimum.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/gain.hpp"
#include "kernels/lowest_sum.hpp"
#include "kernels/pairwise_distance.hpp"
#include "kernels/row_range.hpp"
#include "kernels/row_sum.hpp"

namespace goracs::itra {
namespace {

using cuda::DeviceArray;

template <class T>
DeviceArray<T> on_gpu(std::span<const T> host) {
  return DeviceArray<T>(host);
}

template <class T>
void to_host(const DeviceArray<T>& device, std::span<T> host) {
  if (device.size() > 0) cuda::copy_to_host(host.data(), device.data(), host.size_bytes());
}

/// Duals below this are differences that the order statistic of a GPU is exact for.
void check_potential(std::span<const double> potential) {
  for (const double f : potential)
    GORACS_CHECK_NUMERIC(std::abs(f) < kLargestPotential, "a column dual of size {}, but scores on a GPU are exact below {}", std::abs(f),
                         kLargestPotential);
}

/// Scores all rows at each potential and finds the best among them.
class GpuOuterRanking final : public OuterRanking {
 public:
  GpuOuterRanking(const CostRows& cost, const ExchangeScore& score) : cost_(cost), score_(score), lowest_(cost.rows().size()) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(cost.rows().size()));
    std::iota(rows.begin(), rows.end(), 0);
    all_rows_ = on_gpu<std::int64_t>(rows);
    if (score.statistic() == OrderStatistic::kSmallest) return;
    cost_sum_ = DeviceArray<std::int64_t>(cost.rows().size());
    cuda::row_sum(cost.block(), cost_sum_.span());
  }

  std::vector<RowWithScore> best(std::span<const double> column_potential, std::span<const char> excluded, std::int64_t k) override {
    check_potential(column_potential);
    k = std::min<std::int64_t>(k, std::ranges::count(excluded, 0));
    if (k == 0) return {};
    rows_read_ += cost_.rows().size();
    const DeviceArray<double> potential = on_gpu(column_potential);
    const DeviceArray<char> left_out = on_gpu(excluded);
    cuda::lowest_sum(cost_.block(), all_rows_.span(), potential.span(), score_.sign(), score_.top_r(), lowest_.span());
    DeviceArray<std::int64_t> row(k);
    DeviceArray<Int128> score(k);
    const RowScores scores{lowest_.span(), cost_sum_.span(), score_.weight_of_sum(), score_.weight_of_last()};
    cuda::best_rows(scores, left_out.span(), {row.span(), score.span()});

    const std::vector<std::int64_t> rows = row.to_host();
    const std::vector<Int128> sums = score.to_host();
    const Int128 constant = constant_of(column_potential);
    std::vector<RowWithScore> best;
    for (std::size_t q = 0; q < rows.size(); ++q) best.push_back({sums[q] + constant, cost_.rows().begin + rows[q]});
    std::sort(best.begin(), best.end());
    return best;
  }

  std::int64_t rows_read() const noexcept override { return rows_read_; }

 private:
  /// What all differences of a row sum up to is its costs less the potentials; those are the same for every row.
  Int128 constant_of(std::span<const double> column_potential) const {
    if (score_.statistic() == OrderStatistic::kSmallest) return 0;
    Int128 sum = 0;
    for (const double f : column_potential) sum -= exact_units(f);
    return score_.weight_of_sum() * sum;
  }

  const CostRows& cost_;
  ExchangeScore score_;
  DeviceArray<std::int64_t> all_rows_;  ///< (N_lc) 0, 1, ...
  DeviceArray<std::int64_t> cost_sum_;  ///< (N_lc) of the reference statistic
  DeviceArray<LowestSum> lowest_;       ///< (N_lc)
  std::int64_t rows_read_ = 0;
};

}  // namespace

// One copy to the host for all rows, which are put together on the GPU.
void GpuRowKernels::read(MatrixView<const float> block, std::span<const std::int64_t> rows, MatrixView<float> into) const {
  if (rows.empty()) return;
  const auto row_bytes = static_cast<std::size_t>(block.cols) * sizeof(float);
  DeviceArray<float> together(into.rows * into.cols);
  for (std::size_t k = 0; k < rows.size(); ++k)
    cuda::copy_rows(together.view(into.rows, into.cols).row(static_cast<std::int64_t>(k)).data(), row_bytes, block.row(rows[k]).data(),
                    row_bytes, row_bytes, 1);
  cuda::copy_to_host(into.data, together.data(), rows.size() * row_bytes);
}

void GpuRowKernels::write(MatrixView<float> block, MatrixView<const float> from) const {
  if (from.rows > 0) cuda::copy_to_device(block.data, from.data, static_cast<std::size_t>(from.rows * from.cols) * sizeof(float));
}

void GpuRowKernels::pairwise_distance(MatrixView<float> block, MatrixView<const float> train, MatrixView<const float> valid) const {
  const auto values_of = [](MatrixView<const float> matrix) {
    return std::span<const float>(matrix.data, static_cast<std::size_t>(matrix.rows * matrix.cols));
  };
  const DeviceArray<float> rows = on_gpu(values_of(train)), columns = on_gpu(values_of(valid));
  cuda::pairwise_distance(rows.view(train.rows, train.cols), columns.view(valid.rows, valid.cols), block);
}

void GpuRowKernels::row_range(MatrixView<const float> block, std::span<float> minimum, std::span<float> maximum) const {
  DeviceArray<float> least(block.rows), most(block.rows);
  cuda::row_range(block, least.span(), most.span());
  to_host(least, minimum);
  to_host(most, maximum);
}

void GpuRowKernels::normalise_cost(MatrixView<float> block, std::span<const float> penalty, const CostScale& scale) const {
  const DeviceArray<float> of_row = on_gpu(penalty);
  cuda::normalise_cost(block, of_row.span(), scale);
}

void GpuRowKernels::row_sum(MatrixView<const float> block, std::span<std::int64_t> sum) const {
  DeviceArray<std::int64_t> units(block.rows);
  cuda::row_sum(block, units.span());
  to_host(units, sum);
}

void GpuRowKernels::gain(MatrixView<const float> block, std::span<const float> column_minimum, std::span<std::int64_t> gain) const {
  const DeviceArray<float> least = on_gpu(column_minimum);
  DeviceArray<std::int64_t> units(block.rows);
  cuda::gain(block, least.span(), units.span());
  to_host(units, gain);
}

void GpuRowKernels::column_minimum(MatrixView<const float> block, std::span<float> minimum, std::span<std::int32_t> row) const {
  DeviceArray<float> least(block.cols);
  DeviceArray<std::int32_t> nearest(block.cols);
  cuda::column_minimum(block, least.span(), nearest.span());
  to_host(least, minimum);
  to_host(nearest, row);
}

void GpuRowKernels::tight_scores(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                                 std::span<std::int64_t> score) const {
  const std::vector<double> dual = tight.rounded_dual();
  check_potential(dual);
  const DeviceArray<std::int64_t> these = on_gpu(rows);
  const DeviceArray<double> potential = on_gpu<double>(dual);
  DeviceArray<LowestSum> lowest(these.size());
  cuda::lowest_sum(block, these.span(), potential.span(), 1, tight.top_r(), lowest.span());
  std::ranges::transform(lowest.to_host(), score.begin(), [&](const LowestSum& of_row) { return tight.score(of_row); });
}

void GpuRowKernels::add_taken(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                              std::span<std::int64_t> taken) const {
  Matrix<CostArc> arcs(static_cast<std::int64_t>(rows.size()), tight.top_r());
  lowest_columns(block, rows, tight.rounded_dual(), arcs);
  for (std::int64_t k = 0; k < arcs.rows(); ++k) tight.add_taken(arcs.row(k), taken);
}

void GpuRowKernels::lowest_columns(MatrixView<const float> block, std::span<const std::int64_t> rows, std::span<const double> potential,
                                   MatrixView<CostArc> arcs) const {
  const DeviceArray<std::int64_t> these = on_gpu(rows);
  const DeviceArray<double> of_column = on_gpu(potential);
  DeviceArray<CostArc> lowest(arcs.rows * arcs.cols);
  cuda::lowest_columns(block, these.span(), of_column.span(), lowest.view(arcs.rows, arcs.cols));
  to_host(lowest, std::span(arcs.data, static_cast<std::size_t>(arcs.rows * arcs.cols)));
}

std::unique_ptr<OuterRanking> GpuRowKernels::outer_ranking(const CostRows& cost, const ExchangeScore& score, bool) const {
  return std::make_unique<GpuOuterRanking>(cost, score);
}

}  // namespace goracs::itra
