#include "model/batch_rounds.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "comm/agreement.hpp"

namespace goracs {
namespace {

Matrix<double> finite_rows(const BatchWork& work, const std::vector<std::int64_t>& batch) {
  Matrix<double> rows = work.compute(batch);
  for (std::int64_t k = 0; k < rows.rows(); ++k)
    GORACS_CHECK_NUMERIC(std::ranges::all_of(rows.row(k), [](double x) { return std::isfinite(x); }), "{} {} is not finite", work.result,
                         batch[static_cast<std::size_t>(k)]);
  return rows;
}

}  // namespace

bool in_rounds(const std::vector<std::vector<std::int64_t>>& batches, const BatchWork& work, Communicator& world) {
  const auto count = static_cast<std::int64_t>(batches.size());
  for (std::int64_t first = 0; first < count; first += world.size()) {
    Matrix<double> own;
    const auto compute = [&] {
      if (first + world.rank() < count) own = finite_rows(work, batches[static_cast<std::size_t>(first + world.rank())]);
    };
    work.meet ? together(world, compute, work.meet) : together(world, compute);
    if (work.given_up && work.given_up()) {
      if (work.should_stop) work.should_stop(first);
      return false;
    }
    const std::vector<double> rows =
        world.all_gather(std::span<const double>(own.data(), static_cast<std::size_t>(own.rows() * own.cols())));
    const std::int64_t end = std::min<std::int64_t>(first + world.size(), count);
    std::size_t offset = 0;
    for (std::int64_t batch = first; batch < end; ++batch)
      for (const std::int64_t sequence : batches[static_cast<std::size_t>(batch)]) {
        work.store(sequence, std::span(rows).subspan(offset, static_cast<std::size_t>(work.width)));
        offset += static_cast<std::size_t>(work.width);
      }
    if (work.should_stop && work.should_stop(end) && end < count) return false;
  }
  return true;
}

}  // namespace goracs
