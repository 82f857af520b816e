// Times `select.method: relaxed` and measures how close to the best coreset it certifiably comes; prints one JSON object a line.
//   bench_relaxed TRAIN.npy VALID.npy NORMS.npy LAMBDA SECONDS BUDGET...
// Embeddings (N, d) and (M, d) float32, norms (N). `ours` and `peer` are POO / bound - 1 in per cent, against one bound: of relaxed, which was
// given so many seconds after greedy (0: no limit), and of greedy.
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "artifact/npy.hpp"
#include "comm/self_communicator.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/greedy.hpp"
#include "itra/relaxed.hpp"

namespace {

using namespace goracs;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kMostExchanges = 1000, kCandidates = 30;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

SelectConfig settings(double lambda, double seconds) {
  SelectConfig config;
  config.method = "relaxed";
  config.lambda = lambda;
  config.time_limit = seconds;
  config.max_exchanges = kMostExchanges;
  config.exchange_candidates = kCandidates;
  config.distance_scale = "max";
  config.order_statistic = "smallest";
  config.inner_potential = "exclude_self";
  config.pair_order = "best_first";
  return config;
}

itra::SelectionInput read_input(const NpyFile& train, const NpyFile& valid, const NpyFile& norms) {
  itra::SelectionInput input;
  input.num_train = train.shape().at(0);
  input.dimension = train.shape().at(1);
  input.num_valid = valid.shape().at(0);
  input.train = [&train](std::int64_t first, MatrixView<float> rows) { train.read_rows(first, rows); };
  input.valid = [&valid](std::int64_t first, MatrixView<float> rows) { valid.read_rows(first, rows); };
  input.gradient_norm = norms.values();
  return input;
}

void measure(const itra::CostMatrix& cost, std::int64_t budget, const SelectConfig& config) {
  SelfCommunicator self;
  itra::GreedyPass pass(cost, self);
  const std::vector<std::int64_t> greedy = *pass.coreset(budget);
  const auto start = Clock::now();
  double start_seconds = 0;
  itra::ClassEvents events;
  events.step = [&](const std::string& phase, std::int64_t, std::int64_t, double) {
    if (phase == "exchanges" && start_seconds == 0) start_seconds = seconds_since(start);
    return false;
  };
  const itra::RelaxedSelection found = itra::choose_relaxed(cost.view(), greedy, config, self, events);
  const auto gap = [&](double value) { return 100 * (value / found.lower_bound - 1); };
  const nlohmann::json line = {
      {"name", fmt::format("relaxed_gap_{}x{}_n{}_lambda{:g}", cost.num_train(), cost.num_valid(), budget, config.lambda)},
      {"ours", gap(found.value)},
      {"peer", gap(found.greedy_value)},
      {"peer_name", "greedy against the same bound"},
      {"unit", "%"},
      {"ratio", gap(found.greedy_value) / gap(found.value)},
      {"seconds", seconds_since(start)},
      {"seconds_before_exchanges", start_seconds},
      {"gap_before_exchanges", gap(found.start_value)},
      {"bound", found.lower_bound},
      {"value", found.value},
      {"exchanges", found.trace.size()},
      {"ascent_phases", found.ascent_phases},
      {"rows_proven_out", found.rows_proven_out},
      {"stop_reason", found.stop_reason}};
  std::cout << line.dump() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 6) {
    fmt::print(stderr, "bench_relaxed TRAIN.npy VALID.npy NORMS.npy LAMBDA SECONDS BUDGET...\n");
    return 2;
  }
  const NpyFile train(words[0]), valid(words[1]), norms(words[2]);
  const itra::SelectionInput input = read_input(train, valid, norms);
  SelectConfig config = settings(std::stod(words[3]), std::stod(words[4]));
  config.budget = std::stoll(words[5]);
  SelfCommunicator self;
  const auto cost = itra::CostMatrix::build(input, itra::selection_classes(input, config).at(0), config, self);
  for (std::size_t k = 5; k < words.size(); ++k) measure(*cost, std::stoll(words[k]), config);
  return 0;
}
