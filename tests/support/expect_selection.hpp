#pragma once

#include <gtest/gtest.h>

#include "itra/selection.hpp"

namespace goracs::test {

/// Rows, scores, bound, stop reason and trace, bit for bit.
inline void expect_equal(const itra::Selection& found, const itra::Selection& expected) {
  EXPECT_EQ(found.indices, expected.indices);
  EXPECT_EQ(found.greedy_indices, expected.greedy_indices);
  EXPECT_EQ(found.poo_score, expected.poo_score);
  EXPECT_EQ(found.lower_bound, expected.lower_bound);
  EXPECT_EQ(found.stop_reason, expected.stop_reason);
  ASSERT_EQ(found.trace.size(), expected.trace.size());
  for (std::size_t k = 0; k < found.trace.size(); ++k) {
    EXPECT_EQ(found.trace[k].removed, expected.trace[k].removed);
    EXPECT_EQ(found.trace[k].added, expected.trace[k].added);
    EXPECT_EQ(found.trace[k].poo_score, expected.trace[k].poo_score);
  }
}

}  // namespace goracs::test
