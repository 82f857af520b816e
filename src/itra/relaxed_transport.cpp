#include "itra/relaxed_transport.hpp"

#include <algorithm>
#include <set>

namespace goracs::itra {
namespace {

constexpr std::int64_t kSampleRows = 512;
constexpr std::int64_t kFirstRowsPerBudget = 4;  // rows to begin with: most that are ever active are among them
constexpr int kRounds = 6;

}  // namespace

std::vector<double> opening_duals(const CostRows& cost, std::int64_t budget, FetchedRows& fetched) {
  std::vector<std::int64_t> sample;
  const std::int64_t step = (cost.num_train() + kSampleRows - 1) / kSampleRows;
  for (std::int64_t i = 0; i < cost.num_train(); i += step) sample.push_back(i);
  fetched.fetch(sample);
  const auto rows = fetched.rows(sample);

  // of a coreset's n rows the nearest would serve the column, were there no capacities: the sample's place sample / n, less as it is crowded
  const auto count = static_cast<std::int64_t>(sample.size());
  const std::int64_t place = std::min(count - 1, std::max<std::int64_t>(1, count / (2 * budget)));
  std::vector<double> dual(static_cast<std::size_t>(cost.num_valid()));
#pragma omp parallel
  {
    std::vector<float> column(sample.size());
#pragma omp for schedule(static)
    for (std::size_t j = 0; j < dual.size(); ++j) {
      std::transform(rows.begin(), rows.end(), column.begin(), [j](const float* row) { return row[j]; });
      std::nth_element(column.begin(), column.begin() + place, column.end());
      dual[j] = static_cast<double>(column[static_cast<std::size_t>(place)]);
    }
  }
  fetched.keep_only({});
  return dual;
}

RelaxedTransport relax_rows(std::vector<std::int64_t> rows, const CostRows& cost, std::int64_t budget, FetchedRows& fetched) {
  fetched.fetch(rows);
  Transport transport = Transport::relaxed(fetched.rows(rows), cost.num_valid(), budget);
  return {std::move(rows), std::move(transport)};
}

RelaxedTransport relax(const CostRows& cost, std::int64_t budget, std::span<const double> column_dual, LowerBound& bound,
                       FetchedRows& fetched) {
  bound.evaluate(column_dual);
  std::vector<std::int64_t> first;
  for (const RowScore& row : bound.lowest_rows(std::min(kFirstRowsPerBudget * budget, cost.num_train()))) first.push_back(row.row);
  std::set<std::int64_t> present(first.begin(), first.end());
  RelaxedTransport relaxed = relax_rows(std::move(first), cost, budget, fetched);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::int64_t> fresh;
    for (const RowScore& row : bound.evaluate(relaxed.transport.column_dual()).lowest)
      if (present.insert(row.row).second) fresh.push_back(row.row);
    if (fresh.empty()) break;
    fetched.fetch(fresh);
    relaxed.transport.add_rows(fetched.rows(fresh));
    relaxed.transport.solve_again();
    relaxed.rows.insert(relaxed.rows.end(), fresh.begin(), fresh.end());
  }
  return relaxed;
}

}  // namespace goracs::itra
