#pragma once

#include <cstdint>
#include <vector>

namespace goracs::test {

/// The least sum of flow * cost by LEMON's network simplex, in integers: rows supply at most `supply` units each, columns want `demand` each.
///   cost (rows * cols) row-major, integers up to 2^40
/// -1 when the columns cannot be served.
std::int64_t lemon_transport(std::int64_t rows, std::int64_t cols, std::int64_t supply, std::int64_t demand,
                             const std::vector<std::int64_t>& cost);

}  // namespace goracs::test
