// Transport, pruning scores and refinements of golden/itra: rounds are judged one by one from the stored duals, since optimal duals are
// not unique.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "artifact/h5.hpp"
#include "comm/self_communicator.hpp"
#include "itra/exchange.hpp"
#include "itra/transport.hpp"
#include "support/golden.hpp"

namespace goracs::itra {
namespace {

constexpr double kValueTolerance = 1e-9;      // golden/README: transport values, relative
constexpr double kScoreTolerance = 1e-12;     // own scores, absolute
constexpr double kReferenceTolerance = 3e-6;  // the authors' scores are float32

/// The cost matrix in a group of a golden file.
struct GoldenCost {
  std::vector<float> values;
  std::int64_t num_train, num_valid;

  GoldenCost(const H5File& file, const std::string& group)
      : values(file.read<float>(group + "cost")), num_train(file.shape(group + "cost")[0]), num_valid(file.shape(group + "cost")[1]) {}
  const float* row(std::int64_t i) const { return values.data() + i * num_valid; }
  std::vector<const float*> rows(std::span<const std::int64_t> indices) const {
    std::vector<const float*> pointers;
    for (const std::int64_t i : indices) pointers.push_back(row(i));
    return pointers;
  }
  CostRows all() const { return {MatrixView<const float>(values.data(), num_train, num_valid), {0, num_train}, num_train}; }
};

/// Our duals are multiples of 2^-40.
std::vector<double> rounded(std::vector<double> duals) {
  for (double& x : duals) x = std::round(x * 0x1p40) * 0x1p-40;
  return duals;
}

std::vector<std::filesystem::path> exchange_cases() { return test::golden_files("itra", ".h5"); }

/// "" of a whole case, "class_0/", "class_1/" ... of one with labels.
std::vector<std::string> groups(const H5File& file) {
  if (file.contains("cost")) return {""};
  std::vector<std::string> names;
  for (const std::string& name : file.names())
    if (name.starts_with("class_") && file.is_group(name)) names.push_back(name + "/");
  return names;
}

void expect_value(const GoldenCost& cost, std::span<const std::int64_t> coreset, double expected) {
  EXPECT_NEAR(Transport::solve(cost.rows(coreset), cost.num_valid).value(), expected, kValueTolerance * std::abs(expected));
}

TEST(GoldenExchange, TransportValuesEqualPot) {
  for (const auto& path : exchange_cases()) {
    SCOPED_TRACE(path.string());
    const H5File file = H5File::open(path);
    for (const std::string& group : groups(file)) {
      const GoldenCost cost(file, group);
      if (!group.empty()) {
        expect_value(cost, file.read<std::int64_t>(group + "greedy_coreset"), file.number_attribute("greedy_score", group));
        continue;
      }
      expect_value(cost, file.read<std::int64_t>("greedy/coreset"), file.number_attribute("score", "greedy"));
      expect_value(cost, file.read<std::int64_t>("greedy/coreset_double"), file.number_attribute("score_double", "greedy"));
      for (const char* list : {"random/coreset random/score", "optimum/all_coresets optimum/all_scores"}) {
        const std::string names = list, coresets = names.substr(0, names.find(' ')), scores = names.substr(names.find(' ') + 1);
        if (!file.contains(coresets)) continue;
        const auto rows = file.read<std::int64_t>(coresets);
        const auto expected = file.read<double>(scores);
        const std::size_t budget = rows.size() / expected.size();
        for (std::size_t s = 0; s < expected.size(); ++s) expect_value(cost, std::span(rows).subspan(s * budget, budget), expected[s]);
      }
    }
  }
}

struct Variant {
  const char* dataset;
  OrderStatistic order_statistic;
  InnerPotential inner_potential;
  double tolerance;
};
constexpr Variant kVariants[] = {
    {"score_smallest_exclude_self", OrderStatistic::kSmallest, InnerPotential::kExcludeSelf, kScoreTolerance},
    {"score_smallest_reference", OrderStatistic::kSmallest, InnerPotential::kReference, kScoreTolerance},
    {"score_largest_exclude_self", OrderStatistic::kReference, InnerPotential::kExcludeSelf, kScoreTolerance},
    {"score_largest_reference", OrderStatistic::kReference, InnerPotential::kReference, kScoreTolerance},
    {"score_by_reference_code", OrderStatistic::kReference, InnerPotential::kReference, kReferenceTolerance},
};

/// F of every row, by our pruning with all rows as candidates.
std::map<std::int64_t, double> scores_of(const Pruning& pruning, const Candidates& candidates) {
  std::map<std::int64_t, double> scores;
  for (const auto* list : {&candidates.inner, &candidates.outer})
    for (const RowWithScore& candidate : *list) scores[candidate.row] = pruning.score().value(candidate.score);
  return scores;
}

TEST(GoldenExchange, ScoresEqualAllVariants) {
  std::size_t scored = 0;
  for (const auto& path : exchange_cases()) {
    const H5File file = H5File::open(path);
    if (!file.contains("pruning")) continue;
    const GoldenCost cost(file, "");
    SelfCommunicator world;
    for (const std::string& name : file.names("pruning"))
      for (const Variant& variant : kVariants) {
        const std::string group = "pruning/" + name + "/";
        if (!file.contains(group + variant.dataset)) continue;
        SCOPED_TRACE(path.string() + " " + group + variant.dataset);
        const auto coreset = file.read<std::int64_t>(group + "coreset");
        const PruningRule rule{static_cast<std::int64_t>(coreset.size()), cost.num_train, variant.order_statistic, variant.inner_potential};
        const CostRows rows = cost.all();
        Pruning pruning(rows, rule, world);
        const auto scores =
            scores_of(pruning, pruning.candidates(coreset, cost.rows(coreset), rounded(file.read<double>(group + "duals"))));
        const auto expected = file.read<double>(group + variant.dataset);
        ASSERT_EQ(scores.size(), expected.size());
        for (const auto& [row, score] : scores) EXPECT_NEAR(score, expected[static_cast<std::size_t>(row)], variant.tolerance) << row;
        ++scored;
      }
  }
  EXPECT_GT(scored, 0U);
}

/// Rows of a two-dimensional dataset.
struct Rounds {
  std::vector<std::int64_t> values;
  std::size_t cols;
  Rounds(const H5File& file, const std::string& name)
      : values(file.read<std::int64_t>(name)), cols(static_cast<std::size_t>(file.shape(name)[1])) {}
  std::span<const std::int64_t> row(std::size_t r) const { return std::span(values).subspan(r * cols, cols); }
};

/// One refinement of a file: how it scored, and what it found.
struct GoldenRefinement {
  std::string group;
  ExchangeRule rule;
  double tolerance;
};

/// Ours finds rows of the same scores, in the order in which they were tried.
void expect_candidates(std::span<const std::int64_t> expected, std::vector<RowWithScore> found,
                       const std::map<std::int64_t, double>& scores, double tolerance) {
  ASSERT_GE(found.size(), expected.size());
  for (std::size_t q = 0; q < expected.size(); ++q)
    EXPECT_NEAR(scores.at(found[q].row), scores.at(expected[q]), tolerance) << "candidate " << q;
}

void expect_round(const H5File& file, const GoldenCost& cost, const GoldenRefinement& golden, std::size_t round) {
  const Rounds coresets(file, golden.group + "round_coreset"), inner(file, golden.group + "inner_candidates"),
      outer(file, golden.group + "outer_candidates");
  const auto coreset = coresets.row(round);
  const auto all_duals = rounded(file.read<double>(golden.group + "round_duals"));
  const auto duals = std::span(all_duals).subspan(round * coreset.size(), coreset.size());
  SelfCommunicator world;
  const CostRows rows = cost.all();
  PruningRule rule = golden.rule.pruning;
  const auto kept = static_cast<std::ptrdiff_t>(std::min(rule.candidates, rule.budget));
  rule.candidates = cost.num_train;
  Pruning pruning(rows, rule, world);
  Candidates candidates = pruning.candidates(coreset, cost.rows(coreset), duals);
  const auto scores = scores_of(pruning, candidates);
  candidates.inner.resize(static_cast<std::size_t>(kept));
  if (golden.rule.pair_order == PairOrder::kReference) std::sort(candidates.inner.begin(), candidates.inner.end());
  expect_candidates(inner.row(round), candidates.inner, scores, golden.tolerance);
  expect_candidates(outer.row(round), candidates.outer, scores, golden.tolerance);

  const auto tries = file.read<std::int64_t>(golden.group + "tries");
  const auto taken_inner = file.read<std::int64_t>(golden.group + "pair_inner"),
             taken_outer = file.read<std::int64_t>(golden.group + "pair_outer");
  const auto values = file.read<double>(golden.group + "value");
  Transport transport = Transport::solve(cost.rows(coreset), cost.num_valid);
  EXPECT_NEAR(transport.value(), values[round], kValueTolerance * values[round]);
  std::int64_t tried = 0;
  for (const std::int64_t i : inner.row(round))
    for (const std::int64_t o : outer.row(round)) {
      if (tried == tries[round]) return;
      ++tried;
      const bool taken = round < taken_inner.size() && taken_inner[round] == i && taken_outer[round] == o;
      const std::int64_t slot = std::find(coreset.begin(), coreset.end(), i) - coreset.begin();
      EXPECT_EQ(transport.exchange_if_better(slot, cost.row(o)), taken) << "pair " << i << ", " << o;
      const double expected = values[taken ? round + 1 : round];
      EXPECT_NEAR(transport.value(), expected, kValueTolerance * expected);
    }
  EXPECT_EQ(tried, tries[round]);
}

TEST(GoldenExchange, RefinementsAgreeRoundByRound) {
  std::size_t rounds = 0;
  for (const auto& path : exchange_cases()) {
    const H5File file = H5File::open(path);
    for (const std::string& group : groups(file)) {
      const GoldenCost cost(file, group);
      GoldenRefinement reference{group + "refine_reference/", {}, kReferenceTolerance}, own{group + "refine_default/", {}, kScoreTolerance};
      reference.rule.pruning.order_statistic = OrderStatistic::kReference;
      reference.rule.pruning.inner_potential = InnerPotential::kReference;
      reference.rule.pair_order = PairOrder::kReference;
      for (GoldenRefinement* golden : {&reference, &own}) {
        if (!file.contains(golden->group + "round_coreset")) continue;
        SCOPED_TRACE(path.string() + " " + golden->group);
        golden->rule.pruning.budget = file.shape(golden->group + "round_coreset")[1];
        golden->rule.pruning.candidates = static_cast<std::int64_t>(file.number_attribute("exchange_candidates"));
        const std::int64_t count = file.shape(golden->group + "round_coreset")[0];
        for (std::int64_t round = 0; round < count; ++round) expect_round(file, cost, *golden, static_cast<std::size_t>(round));
        rounds += static_cast<std::size_t>(count);
      }
    }
  }
  EXPECT_GT(rounds, 0U);
}

}  // namespace
}  // namespace goracs::itra
