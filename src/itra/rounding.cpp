#include "itra/rounding.hpp"

#include <algorithm>
#include <numeric>

namespace goracs::itra {
namespace {

constexpr std::int64_t kPartAtOnce = 3;  // a third of the surplus goes between two solves: smaller steps take longer and are no better

}  // namespace

SolvedCoreset round_to_coreset(RelaxedTransport relaxed) {
  Transport& transport = relaxed.transport;
  std::vector<std::int64_t> allowed(relaxed.rows.size());
  std::iota(allowed.begin(), allowed.end(), 0);
  for (;;) {
    const std::int64_t surplus = static_cast<std::int64_t>(allowed.size()) - transport.budget();
    if (surplus == 0) break;
    std::sort(allowed.begin(), allowed.end(), [&](std::int64_t a, std::int64_t b) {
      return transport.shipped(a) != transport.shipped(b) ? transport.shipped(a) > transport.shipped(b) : a < b;
    });
    const auto idle = std::count_if(allowed.begin(), allowed.end(), [&](std::int64_t slot) { return transport.shipped(slot) == 0; });
    const std::int64_t drop = idle >= surplus ? surplus : idle + (surplus - idle + kPartAtOnce - 1) / kPartAtOnce;
    const std::vector<std::int64_t> least(allowed.end() - drop, allowed.end());
    allowed.resize(allowed.size() - static_cast<std::size_t>(drop));
    transport.forbid(least);
    transport.solve_again();
  }
  std::vector<std::int64_t> rows;
  for (const std::int64_t slot : allowed) rows.push_back(relaxed.rows[static_cast<std::size_t>(slot)]);
  std::sort(rows.begin(), rows.end());
  return {std::move(rows), transport.of_allowed()};
}

}  // namespace goracs::itra
