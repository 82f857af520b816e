#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/matrix.hpp"
#include "itra/outer_ranking.hpp"
#include "itra/place.hpp"
#include "itra/tight_score.hpp"
#include "kernels/lowest_columns.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::itra {

class CostRows;

/// What selection does with a block of cost rows, where the block lies: the first argument of each function is there, all others on the host.
/// `rows` name rows of the block; matrices on the host have no gaps between their rows.
///
/// Goals: one seam between the algorithms and CPU or GPU, chosen once (CostMatrix). What decides an index has the same bits in both places. To and
///   from a GPU go duals (8 M bytes), the rows asked for, and what each function returns; the block never does.
/// Non-goals: solving transports, which the host does with the rows of a coreset.
class RowKernels {
 public:
  /// kGpu: that of cuda::use; in a build without CUDA its functions throw NotCompiled.
  static const RowKernels& on(Place place);
  virtual ~RowKernels() = default;

  virtual Place place() const noexcept = 0;

  /// Copies of rows to the host, and all rows of the block from there.
  virtual void read(MatrixView<const float> block, std::span<const std::int64_t> rows, MatrixView<float> into) const = 0;
  virtual void write(MatrixView<float> block, MatrixView<const float> from) const = 0;

  // the costs (SPEC 5); each is the kernel of its name
  virtual void pairwise_distance(MatrixView<float> block, MatrixView<const float> train, MatrixView<const float> valid) const = 0;
  virtual void row_range(MatrixView<const float> block, std::span<float> minimum, std::span<float> maximum) const = 0;
  virtual void normalise_cost(MatrixView<float> block, std::span<const float> penalty, const CostScale& scale) const = 0;

  // greedy; each is the kernel of its name
  virtual void row_sum(MatrixView<const float> block, std::span<std::int64_t> sum) const = 0;
  virtual void gain(MatrixView<const float> block, std::span<const float> column_minimum, std::span<std::int64_t> gain) const = 0;
  virtual void column_minimum(MatrixView<const float> block, std::span<float> minimum, std::span<std::int32_t> row) const = 0;

  /// score[k] = TightScore::score of rows[k].
  virtual void tight_scores(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                            std::span<std::int64_t> score) const = 0;
  /// TightScore::add_taken of all these rows.
  virtual void add_taken(MatrixView<const float> block, std::span<const std::int64_t> rows, const TightScore& tight,
                         std::span<std::int64_t> taken) const = 0;
  /// The kernel of this name.
  virtual void lowest_columns(MatrixView<const float> block, std::span<const std::int64_t> rows, std::span<const double> potential,
                              MatrixView<CostArc> arcs) const = 0;

  /// `cost` must live on and lie here. lazy false: a full scan each time, as a GPU does anyway.
  virtual std::unique_ptr<OuterRanking> outer_ranking(const CostRows& cost, const ExchangeScore& score, bool lazy) const = 0;

 protected:
  RowKernels() = default;
};

}  // namespace goracs::itra
