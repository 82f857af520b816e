#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/outer_ranking.hpp"
#include "itra/row_lists.hpp"

namespace goracs::itra {

/// The k rows of smallest F among a rank's rows, at one column potential after the other. Bounds of RowLists decide which rows can be among
/// them; of these, those whose F the lists do not give exactly are read, the lowest bound first, until no other can be among the k best.
/// The candidates equal those of a full scan, bit for bit.
class OuterScores final : public OuterRanking {
 public:
  /// lazy false: every row is read every time.
  OuterScores(const CostRows& cost, const ExchangeScore& score, bool lazy) : cost_(cost), score_(score), lists_(cost, score, lazy) {}

  std::vector<RowWithScore> best(std::span<const double> column_potential, std::span<const char> excluded, std::int64_t k) override;
  std::int64_t rows_read() const noexcept override { return rows_read_; }

 private:
  using Bound = RowLists::Bound;

  std::vector<Bound> read_all();
  std::vector<Bound> those_at_most(double limit, std::span<const char> excluded);
  double kth_of_last_best(std::span<const char> excluded, std::int64_t k);
  void read_until_exact(std::vector<Bound>& bounds, std::int64_t k);
  void read(std::span<Bound*> bounds);

  const CostRows& cost_;
  ExchangeScore score_;
  RowLists lists_;
  std::vector<std::int64_t> last_best_;  ///< local rows: most of the next best ones are among them
  std::int64_t rows_read_ = 0;
};

}  // namespace goracs::itra
