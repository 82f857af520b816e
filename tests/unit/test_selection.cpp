#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <set>
#include <utility>

#include "itra/selection.hpp"
#include "support/expect_error.hpp"
#include "support/expect_selection.hpp"
#include "support/selection_data.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

using itra::Selection;

Selection select_on(int ranks, int threads, const test::SelectionData& data, const SelectConfig& config, std::uint64_t seed = 1) {
  std::vector<Selection> selections(static_cast<std::size_t>(ranks));
  test::on_ranks(ranks, [&](Communicator& world) {
    omp_set_num_threads(threads);
    selections[static_cast<std::size_t>(world.rank())] = itra::select(data.input(), config, seed, world);
  });
  for (const Selection& selection : selections) {
    EXPECT_EQ(selection.indices, selections[0].indices);
    EXPECT_EQ(selection.poo_score, selections[0].poo_score);
    EXPECT_EQ(selection.lower_bound, selections[0].lower_bound);
  }
  return selections[0];
}

class EveryMethod : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryMethod, ChoosesTheSameForAnyRanksAndThreads) {
  for (const bool ties : {false, true}) {
    const test::SelectionData data = test::clustered_data(157, 61, 19, 3, ties);
    const SelectConfig config = test::select_settings(GetParam(), 14);
    const Selection expected = select_on(1, 1, data, config);
    for (const auto& [ranks, threads] : {std::pair{1, 2}, {1, 4}, {2, 1}, {3, 2}, {5, 1}}) {
      SCOPED_TRACE(testing::Message() << ranks << " ranks, " << threads << " threads, ties " << ties);
      test::expect_equal(select_on(ranks, threads, data, config), expected);
    }
  }
}

TEST_P(EveryMethod, ChoosesDistinctRowsWithABoundBelowTheirScore) {
  const test::SelectionData data = test::clustered_data(90, 40, 9, 5);
  for (const std::int64_t budget : {1, 7, 40, 89, 90}) {
    SCOPED_TRACE(budget);
    const Selection chosen = select_on(2, 1, data, test::select_settings(GetParam(), budget));
    EXPECT_EQ(std::set<std::int64_t>(chosen.indices.begin(), chosen.indices.end()).size(), static_cast<std::size_t>(budget));
    EXPECT_TRUE(std::ranges::is_sorted(chosen.indices));
    EXPECT_GE(chosen.indices.front(), 0);
    EXPECT_LT(chosen.indices.back(), 90);
    EXPECT_GT(chosen.poo_score, 0);
    EXPECT_LE(chosen.lower_bound, chosen.poo_score * (1 + 1e-12));
    EXPECT_EQ(chosen.gap_absolute, chosen.poo_score - chosen.lower_bound);
    ASSERT_EQ(chosen.classes.size(), 1U);
    EXPECT_EQ(chosen.classes[0].budget, budget);
  }
}

TEST_P(EveryMethod, WorksWithMoreRanksThanRows) {
  const test::SelectionData data = test::clustered_data(3, 2, 4, 7);
  const SelectConfig config = test::select_settings(GetParam(), 2);
  test::expect_equal(select_on(5, 1, data, config), select_on(1, 1, data, config));
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryMethod,
                         ::testing::Values("itra", "relaxed", "greedy", "random", "grad_norm", "k_center", "facility_location", "ccs"),
                         [](const auto& method) { return method.param; });

/// Classes 0, 1, 2 in turn; class 3 only in the pool. 3 : 2 : 1 in the validation rows.
test::SelectionData labelled_data(std::int64_t size = 1) {
  test::SelectionData data = test::clustered_data(60 * size, 30 * size, 5, 11);
  data.class_names = {"bad", "fair", "good", "unseen"};
  for (std::int64_t i = 0; i < 60 * size; ++i) data.train_label.push_back(static_cast<std::int32_t>(i % 4));
  for (std::int64_t j = 0; j < 30 * size; ++j) data.valid_label.push_back(j < 15 * size ? 0 : j < 25 * size ? 1 : 2);
  return data;
}

SelectConfig by_class(std::int64_t budget) {
  SelectConfig config = test::select_settings("greedy", budget);
  config.label_enhanced = true;
  return config;
}

TEST(LabelEnhanced, GivesEachClassItsShareOfTheValidationRows) {
  const test::SelectionData data = labelled_data();
  const Selection chosen = select_on(3, 1, data, by_class(12));
  std::vector<std::int64_t> found(4);
  for (const std::int64_t i : chosen.indices) ++found[static_cast<std::size_t>(i % 4)];
  EXPECT_EQ(found, (std::vector<std::int64_t>{6, 4, 2, 0}));
  ASSERT_EQ(chosen.classes.size(), 4U);
  EXPECT_EQ(chosen.classes[3].budget, 0);
  double poo_score = 0, bound = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double share = std::vector<double>{15. / 30, 10. / 30, 5. / 30}[k];
    poo_score += share * chosen.classes[k].poo_score;
    bound += share * chosen.classes[k].lower_bound;
  }
  EXPECT_DOUBLE_EQ(chosen.poo_score, poo_score);
  EXPECT_DOUBLE_EQ(chosen.lower_bound, bound);
}

TEST(LabelEnhanced, ChoosesInsideAClassAsIfThereWereNoOther) {
  const test::SelectionData data = labelled_data();
  const Selection whole = select_on(1, 1, data, by_class(12));
  test::SelectionData alone;
  alone.train = Matrix<float>(15, 5);
  alone.valid = Matrix<float>(10, 5);
  for (std::int64_t k = 0; k < 15; ++k) {
    std::ranges::copy(data.train.row(4 * k + 1), alone.train.row(k).begin());
    alone.gradient_norm.push_back(data.gradient_norm[static_cast<std::size_t>(4 * k + 1)]);
  }
  for (std::int64_t k = 0; k < 10; ++k) std::ranges::copy(data.valid.row(15 + k), alone.valid.row(k).begin());
  // the largest norm is over all classes: lambda carries what the class lacks of it
  const double whole_max = *std::ranges::max_element(data.gradient_norm), max = *std::ranges::max_element(alone.gradient_norm);
  const Selection part = select_on(1, 1, alone, test::select_settings("greedy", 4, 0.5 * max / whole_max));
  std::vector<std::int64_t> expected, found;
  for (const std::int64_t k : part.indices) expected.push_back(4 * k + 1);
  std::ranges::copy_if(whole.indices, std::back_inserter(found), [](std::int64_t i) { return i % 4 == 1; });
  EXPECT_EQ(found, expected);
  EXPECT_NEAR(whole.classes[1].poo_score, part.poo_score, 1e-6);
}

TEST(LabelEnhanced, RefusesABudgetAboveTheClassesRows) {
  const test::SelectionData data = labelled_data();
  test::on_ranks(2, [&](Communicator& world) {
    test::expect_error(ExitCode::kInput, {"class bad", "20 of 40", "has 15"}, [&] { itra::select(data.input(), by_class(40), 0, world); });
  });
}

TEST(LabelEnhanced, RefusesLabelsThatAreNotThereOrNoClass) {
  test::SelectionData data = labelled_data();
  data.valid_label[7] = 4;
  test::on_ranks(1, [&](Communicator& world) {
    test::expect_error(ExitCode::kInput, {"validation row 7", "label 4", "0 to 3"},
                       [&] { itra::select(data.input(), by_class(4), 0, world); });
    data.train_label.pop_back();
    test::expect_error(ExitCode::kInput, {"59 training labels for 60 rows"}, [&] { itra::select(data.input(), by_class(4), 0, world); });
    data.class_names.clear();
    test::expect_error(ExitCode::kInput, {"label_enhanced", "no labels"}, [&] { itra::select(data.input(), by_class(4), 0, world); });
  });
}

class BadInput : public ::testing::TestWithParam<int> {};

/// Every rank gets the same error, and none waits for another.
TEST_P(BadInput, IsOneErrorOnEveryRank) {
  const auto expect = [&](std::initializer_list<std::string> parts, const test::SelectionData& data, std::int64_t budget) {
    test::on_ranks(GetParam(), [&](Communicator& world) {
      test::expect_error(ExitCode::kInput, parts, [&] { itra::select(data.input(), test::select_settings("itra", budget), 0, world); });
    });
  };
  const auto data = [] { return test::clustered_data(40, 20, 5, 2); };
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

  test::SelectionData bad = data();
  bad.train(33, 2) = nan;
  expect({"training embeddings", "row 33, component 2 is nan"}, bad, 4);
  bad = data();
  bad.valid(19, 4) = -infinity;
  expect({"validation embeddings", "row 19, component 4 is -inf"}, bad, 4);
  bad = data();
  bad.train(12, 0) = 3e38F;
  expect({"training embeddings", "row 12 is so far"}, bad, 4);
  bad = data();
  bad.gradient_norm[21] = -0.5;
  expect({"gradient norms", "row 21 is -0.5"}, bad, 4);
  bad = data();
  bad.gradient_norm[3] = std::numeric_limits<double>::quiet_NaN();
  expect({"gradient norms", "row 3 is nan"}, bad, 4);
  bad = data();
  bad.gradient_norm[3] = 1e300;
  expect({"gradient norms", "row 3 is 1e+300"}, bad, 4);
  bad = data();
  bad.gradient_norm.pop_back();
  expect({"39 values for 40 rows"}, bad, 4);
  expect({"select.budget is 0"}, data(), 0);
  expect({"select.budget is 41", "40 rows"}, data(), 41);
}

INSTANTIATE_TEST_SUITE_P(Ranks, BadInput, ::testing::Values(1, 3));

TEST(Events, EndTheSelectionInAnyPhase) {
  const test::SelectionData data = test::clustered_data(40, 20, 5, 2);
  std::set<std::string> phases;
  std::mutex mutex;
  for (const std::string phase : {"distances", "greedy", "exchanges"})
    test::on_ranks(3, [&](Communicator& world) {
      itra::SelectionEvents events;
      events.step = [&](const std::string& name, std::int64_t done, std::int64_t total, double) {
        const std::scoped_lock lock(mutex);
        phases.insert(name);
        EXPECT_LE(done, total);
        return name == phase;
      };
      const Selection chosen = itra::select(data.input(), test::select_settings("itra", 9), 0, world, events);
      EXPECT_EQ(chosen.stop_reason, "stopped");
      EXPECT_TRUE(chosen.indices.empty());
    });
  EXPECT_EQ(phases, (std::set<std::string>{"distances", "greedy", "exchanges"}));
}

class Resumed : public ::testing::TestWithParam<std::string> {};

/// Each saved state of a run by classes, resumed on another number of ranks.
TEST_P(Resumed, GoesOnAsItWouldHave) {
  const test::SelectionData data = labelled_data(3);
  SelectConfig config = by_class(24);
  config.method = GetParam();
  config.exchange_candidates = 8;
  std::vector<itra::SelectionState> states;
  Selection expected;
  test::on_ranks(1, [&](Communicator& world) {
    itra::SelectionEvents events;
    events.checkpoint = [&](const auto& state) { states.push_back(state()); };
    expected = itra::select(data.input(), config, 0, world, events);
  });
  EXPECT_EQ(select_on(1, 1, data, config).indices, expected.indices);
  EXPECT_FALSE(states.empty());
  for (const itra::SelectionState& state : states)
    test::on_ranks(2, [&](Communicator& world) {
      itra::SelectionEvents events;
      events.resume_from = state;
      const Selection found = itra::select(data.input(), config, 0, world, events);
      test::expect_equal(found, expected);
      EXPECT_EQ(found.greedy_poo_score, expected.greedy_poo_score);
      EXPECT_EQ(found.transport_solves, expected.transport_solves);
    });
  if (GetParam() != "itra") return;
  EXPECT_FALSE(expected.trace.empty());
  std::set<std::int32_t> classes;
  for (const itra::SelectionState& state : states) classes.insert(state.class_index);
  EXPECT_EQ(classes, (std::set<std::int32_t>{0, 1, 2}));
}

INSTANTIATE_TEST_SUITE_P(Methods, Resumed, ::testing::Values("itra", "relaxed"), [](const auto& method) { return method.param; });

TEST(Events, RefuseAStateThatIsCut) {
  const test::SelectionData data = labelled_data();
  SelectConfig config = by_class(12);
  config.method = "itra";
  test::on_ranks(2, [&](Communicator& world) {
    itra::SelectionEvents events;
    std::optional<itra::SelectionState> last;
    events.checkpoint = [&](const auto& state) { last = state(); };
    itra::select(data.input(), config, 0, world, events);
    last->bytes.resize(last->bytes.size() / 2);
    events.resume_from = last;
    test::expect_error(ExitCode::kInput, {"saved state", "in the middle"}, [&] { itra::select(data.input(), config, 0, world, events); });
  });
}

TEST(Relaxed, IsNoWorseThanGreedyAndCloserToItsBound) {
  for (const std::uint32_t seed : {3U, 4U, 5U}) {
    const test::SelectionData data = test::clustered_data(157, 61, 19, seed);
    const Selection relaxed = select_on(2, 1, data, test::select_settings("relaxed", 14));
    const Selection greedy = select_on(1, 1, data, test::select_settings("greedy", 14));
    EXPECT_LE(relaxed.poo_score, greedy.poo_score);
    EXPECT_EQ(relaxed.greedy_poo_score, greedy.poo_score);
    EXPECT_EQ(relaxed.greedy_indices, greedy.greedy_indices);
    EXPECT_GE(relaxed.lower_bound, greedy.lower_bound);
    EXPECT_NE(relaxed.stop_reason, "none");
  }
}

TEST(Refinement, EndsSoonerWithinATimeLimitOrAGap) {
  const test::SelectionData data = test::clustered_data(157, 61, 19, 3);
  SelectConfig config = test::select_settings("itra", 14);
  const Selection all = select_on(1, 1, data, config);
  ASSERT_GT(all.trace.size(), 1U);
  EXPECT_EQ(all.stop_reason, "local_optimum");
  config.time_limit = 1e-9;
  const Selection none = select_on(2, 1, data, config);
  EXPECT_EQ(none.stop_reason, "time_limit");
  EXPECT_EQ(none.indices, select_on(1, 1, data, test::select_settings("greedy", 14)).indices);
  EXPECT_EQ(none.poo_score, none.greedy_poo_score);
  config.time_limit = 0;
  config.gap = (all.gap + none.gap) / 2;
  const Selection some = select_on(2, 1, data, config);
  EXPECT_EQ(some.stop_reason, "gap");
  EXPECT_LE(some.gap, config.gap);
  EXPECT_LT(some.trace.size(), all.trace.size());
  config.gap = 0;
  config.max_exchanges = 1;
  const Selection one = select_on(3, 1, data, config);
  EXPECT_EQ(one.stop_reason, "max_exchanges");
  ASSERT_EQ(one.trace.size(), 1U);
  EXPECT_EQ(one.trace[0].added, all.trace[0].added);
}

}  // namespace
}  // namespace goracs
