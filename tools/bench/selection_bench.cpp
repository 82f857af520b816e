// Times selection for selection_bench.py; every command prints one JSON object a line.
//   bench_selection generate N M D SEED FOLDER         synthetic clusters: train.npy, valid.npy (float32), norms.npy (float64)
//   bench_selection once FOLDER BUDGET EXCHANGES       under mpirun: costs, greedy, refinement; seconds and memory over all ranks
//   bench_selection serve FOLDER BUDGET EXCHANGES      one process; then the commands of `Server` from standard input, one a line
#include <fmt/format.h>
#include <mpi.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "comm/mpi_communicator.hpp"
#include "comm/self_communicator.hpp"
#include "itra/cost_matrix.hpp"
#include "itra/exchange.hpp"
#include "itra/fetched_rows.hpp"
#include "itra/greedy.hpp"
#include "itra/transport.hpp"
#include "kernels/gain.hpp"
#include "kernels/row_sum.hpp"

namespace {

using namespace goracs;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr double kLambda = 0.5;
constexpr std::int64_t kCandidates = 30;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void print(const json& object) { std::cout << object.dump() << std::endl; }

// --- arrays ---

constexpr std::size_t kHeaderBytes = 128;

/// A file of numpy's format 1.0 to which rows are appended.
template <class T>
std::ofstream npy_file(const std::filesystem::path& path, const std::string& shape) {
  std::string header = fmt::format("{{'descr': '<f{}', 'fortran_order': False, 'shape': ({}), }}", sizeof(T), shape);
  header.resize(kHeaderBytes - 11, ' ');
  std::ofstream file(path, std::ios::binary);
  file << std::string("\x93NUMPY\x01\x00", 8) << static_cast<char>(header.size() + 1) << '\0' << header << '\n';
  return file;
}

template <class T>
void append(std::ofstream& file, std::span<const T> values) {
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
}

/// An array that npy_file made, read in blocks.
struct NpyRows {
  std::shared_ptr<std::ifstream> file;
  std::int64_t rows = 0, cols = 0;

  explicit NpyRows(const std::filesystem::path& path) : file(std::make_shared<std::ifstream>(path, std::ios::binary)) {
    std::string header(kHeaderBytes, ' ');
    file->read(header.data(), kHeaderBytes);
    std::sscanf(header.c_str() + header.find("'shape': (") + 10, "%ld, %ld", &rows, &cols);
  }
  itra::ReadRows reader() const {
    return [self = *this](std::int64_t first, MatrixView<float> into) {
      const std::int64_t row_bytes = self.cols * static_cast<std::int64_t>(sizeof(float));
      self.file->seekg(static_cast<std::int64_t>(kHeaderBytes) + first * row_bytes);
      self.file->read(reinterpret_cast<char*>(into.data), into.rows * row_bytes);
    };
  }
};

/// Rows near one of many centres of uneven weight, norms log-normal: like embeddings of prompts.
void generate(std::int64_t num_train, std::int64_t num_valid, std::int64_t dimension, std::uint64_t seed,
              const std::filesystem::path& folder) {
  constexpr int kClusters = 200;
  constexpr float kSpread = 0.7F;
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  Matrix<float> centre(kClusters, dimension);
  std::vector<double> weight;
  for (std::int64_t k = 0; k < kClusters; ++k) {
    for (float& value : centre.row(k)) value = normal(random);
    weight.push_back(std::exp(static_cast<double>(normal(random))));
  }
  std::discrete_distribution<std::int64_t> cluster(weight.begin(), weight.end());
  std::vector<float> row(static_cast<std::size_t>(dimension));
  const auto write = [&](const char* name, std::int64_t rows) {
    std::ofstream file = npy_file<float>(folder / name, fmt::format("{}, {}", rows, dimension));
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto from = centre.row(cluster(random));
      for (std::size_t c = 0; c < row.size(); ++c) row[c] = from[c] + kSpread * normal(random);
      append(file, std::span<const float>(row));
    }
  };
  write("train.npy", num_train);
  write("valid.npy", num_valid);
  std::ofstream norms = npy_file<double>(folder / "norms.npy", fmt::format("{},", num_train));
  for (std::int64_t i = 0; i < num_train; ++i)
    append(norms, std::span<const double>(std::vector{std::exp(static_cast<double>(normal(random)))}));
}

itra::SelectionInput read_input(const std::filesystem::path& folder) {
  const NpyRows train(folder / "train.npy"), valid(folder / "valid.npy");
  itra::SelectionInput input;
  input.num_train = train.rows;
  input.num_valid = valid.rows;
  input.dimension = train.cols;
  input.train = train.reader();
  input.valid = valid.reader();
  input.gradient_norm.resize(static_cast<std::size_t>(train.rows));
  std::ifstream norms(folder / "norms.npy", std::ios::binary);
  norms.seekg(kHeaderBytes);
  norms.read(reinterpret_cast<char*>(input.gradient_norm.data()), train.rows * static_cast<std::int64_t>(sizeof(double)));
  return input;
}

SelectConfig settings(std::int64_t budget, std::int64_t exchanges) {
  SelectConfig config;
  config.method = "itra";
  config.budget = budget;
  config.lambda = kLambda;
  config.max_exchanges = exchanges;
  config.exchange_candidates = kCandidates;
  config.distance_scale = "max";
  config.order_statistic = "smallest";
  config.inner_potential = "exclude_self";
  config.pair_order = "best_first";
  return config;
}

itra::CostMatrix build(const itra::SelectionInput& input, const SelectConfig& config, Communicator& world) {
  return *itra::CostMatrix::build(input, itra::selection_classes(input, config).at(0), config, world);
}

// --- one run over ranks ---

/// A line of /proc/self/status in bytes: VmRSS now, VmHWM at the highest.
std::int64_t memory_bytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with(field + ":")) return std::atoll(line.c_str() + field.size() + 1) * 1024;
  return 0;
}

void once(const std::filesystem::path& folder, std::int64_t budget, std::int64_t exchanges, Communicator& world) {
  const itra::SelectionInput input = read_input(folder);
  const std::int64_t at_start = memory_bytes("VmRSS");
  const SelectConfig config = settings(budget, exchanges);
  world.barrier("start");
  auto start = Clock::now();
  const itra::CostMatrix cost = build(input, config, world);
  const double distances = seconds_since(start);
  const std::int64_t after_costs = world.all_reduce(memory_bytes("VmHWM") - at_start, ReduceOp::kSum);
  start = Clock::now();
  const auto coreset = *itra::GreedyPass(cost, world).coreset(budget);
  const double greedy = seconds_since(start);
  const itra::CostRows rows = cost.view();
  start = Clock::now();
  const itra::Refinement refinement = itra::refine(rows, coreset, itra::ExchangeRule::of(config, budget), world);
  const double refine = seconds_since(start);
  const std::int64_t peak = world.all_reduce(memory_bytes("VmHWM") - at_start, ReduceOp::kSum);
  if (world.is_root())
    print({{"distances", distances},
           {"greedy", greedy},
           {"refine", refine},
           {"value", refinement.value},
           {"exchanges", refinement.trace.size()},
           {"bytes_per_exchange", refinement.bytes_per_exchange},
           {"cost_bytes", 4 * input.num_train * input.num_valid},
           {"peak_bytes_costs", after_costs},
           {"peak_bytes", peak},
           {"coreset_bytes_per_rank", 4 * budget * input.num_valid}});
}

// --- one process that is asked ---

/// costs FILE      the cost matrix as .npy                     greedy   lazy, and by full scans; are they equal?
/// refine          100 exchanges from greedy's coreset         prune    lazy and full passes over these exchanges; are they equal?
/// cold            the transport of greedy's coreset           exchange K   the K-th of these exchanges, from the transport before it
class Server {
 public:
  Server(const std::filesystem::path& folder, std::int64_t budget, std::int64_t exchanges)
      : input_(read_input(folder)), config_(settings(budget, exchanges)), cost_(timed_build()), rows_(cost_.view()) {}

  void serve() {
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string command, argument;
      words >> command >> argument;
      if (command == "costs") write_costs(argument);
      if (command == "greedy") greedy();
      if (command == "refine") refine();
      if (command == "prune") prune();
      if (command == "cold") cold();
      if (command == "exchange") exchange(static_cast<std::size_t>(std::stoll(argument)));
    }
  }

 private:
  itra::CostMatrix timed_build() {
    const auto start = Clock::now();
    itra::CostMatrix cost = build(input_, config_, world_);
    print({{"distances", seconds_since(start)}, {"threads", omp_get_max_threads()}});
    return cost;
  }

  void write_costs(const std::string& path) {
    std::ofstream file = npy_file<float>(path, fmt::format("{}, {}", cost_.num_train(), cost_.num_valid()));
    for (std::int64_t i = 0; i < cost_.num_train(); ++i) append(file, cost_.row(i));
    file.close();
    print({{"rows", cost_.num_train()}});
  }

  void greedy() {
    auto start = Clock::now();
    coreset_ = *itra::GreedyPass(cost_, world_).first_rows(config_.budget);
    const double lazy = seconds_since(start);
    start = Clock::now();
    const std::vector<std::int64_t> scanned = full_scan();
    print({{"lazy", lazy}, {"scan", seconds_since(start)}, {"equal", scanned == coreset_}});
    coreset_ = *itra::GreedyPass(cost_, world_).coreset(config_.budget);
  }

  /// Every gain of every step, by the same kernel on the same threads.
  std::vector<std::int64_t> full_scan() {
    std::vector<std::int64_t> rows, figures(static_cast<std::size_t>(cost_.num_train()));
    std::vector<float> minimum(static_cast<std::size_t>(cost_.num_valid()), 1.0F);
    while (static_cast<std::int64_t>(rows.size()) < config_.budget) {
      cpu::gain(cost_.block(), minimum, figures);
      for (const std::int64_t i : rows) figures[static_cast<std::size_t>(i)] = -1;
      rows.push_back(std::ranges::max_element(figures) - figures.begin());
      const auto row = cost_.row(rows.back());
      for (std::size_t j = 0; j < minimum.size(); ++j) minimum[j] = std::min(minimum[j], row[j]);
    }
    return rows;
  }

  void refine() {
    const auto start = Clock::now();
    const itra::Refinement refinement = itra::refine(rows_, coreset_, itra::ExchangeRule::of(config_, config_.budget), world_);
    const double seconds = seconds_since(start);
    trace_ = refinement.trace;
    json pairs = json::array();
    for (const itra::ExchangeRecord& record : trace_) pairs.push_back({record.removed, record.added, record.poo_score});
    print({{"seconds", seconds},
           {"solves", refinement.transport_solves},
           {"first", refinement.first_value},
           {"value", refinement.value},
           {"coreset", coreset_},
           {"pairs", pairs}});
  }

  itra::Transport solve(const std::vector<std::int64_t>& rows) const {
    std::vector<itra::Transport::CostRow> costs;
    for (const std::int64_t i : rows) costs.push_back(cost_.row(i).data());
    return itra::Transport::solve(costs, cost_.num_valid());
  }

  void cold() {
    const auto start = Clock::now();
    const itra::Transport transport = solve(coreset_);
    print({{"seconds", seconds_since(start)}, {"value", transport.value()}});
  }

  void exchange(std::size_t k) {
    if (k == 0) {
      followed_ = coreset_;
      transport_.emplace(solve(followed_));
    }
    const auto slot = std::ranges::find(followed_, trace_.at(k).removed);
    const auto start = Clock::now();
    transport_->exchange(slot - followed_.begin(), cost_.row(trace_[k].added).data());
    print({{"seconds", seconds_since(start)}, {"value", transport_->value()}});
    *slot = trace_[k].added;
  }

  /// Both ways at every step of the refinement, alternating.
  void prune() {
    const itra::PruningRule rule = itra::ExchangeRule::of(config_, config_.budget).pruning;
    itra::Pruning lazy(rows_, rule, world_), full(rows_, rule, world_, false);
    std::vector<std::int64_t> coreset = coreset_;
    itra::Transport transport = solve(coreset);
    double seconds_lazy = 0, seconds_full = 0;
    bool equal = true;
    for (const itra::ExchangeRecord& record : trace_) {
      std::vector<const float*> costs;
      for (const std::int64_t i : coreset) costs.push_back(cost_.row(i).data());
      const std::vector<double> dual = transport.row_dual(), column_dual = transport.column_dual();
      auto start = Clock::now();
      const itra::Candidates by_lazy = lazy.candidates(coreset, costs, dual, column_dual);
      seconds_lazy += seconds_since(start);
      start = Clock::now();
      const itra::Candidates by_full = full.candidates(coreset, costs, dual);
      seconds_full += seconds_since(start);
      const auto same = [](const itra::RowWithScore& a, const itra::RowWithScore& b) { return a.row == b.row && a.score == b.score; };
      equal = equal && std::ranges::equal(by_lazy.outer, by_full.outer, same) && std::ranges::equal(by_lazy.inner, by_full.inner, same);
      const auto slot = std::ranges::find(coreset, record.removed);
      transport.exchange(slot - coreset.begin(), cost_.row(record.added).data());
      *slot = record.added;
    }
    const auto passes = static_cast<double>(trace_.size());
    print({{"lazy", seconds_lazy / passes}, {"full", seconds_full / passes}, {"equal", equal}});
  }

  SelfCommunicator world_;
  itra::SelectionInput input_;
  SelectConfig config_;
  itra::CostMatrix cost_;
  itra::CostRows rows_;
  std::vector<std::int64_t> coreset_, followed_;
  std::vector<itra::ExchangeRecord> trace_;
  std::optional<itra::Transport> transport_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t k) { return std::stoll(words.at(k)); };
  if (words.at(0) == "generate") generate(number(1), number(2), number(3), static_cast<std::uint64_t>(number(4)), words.at(5));
  if (words.at(0) == "serve") Server(words.at(1), number(2), number(3)).serve();
  if (words.at(0) == "once") {
    MPI_Init(&argc, &argv);
    {
      MpiCommunicator world(MPI_COMM_WORLD);
      once(words.at(1), number(2), number(3), world);
    }
    MPI_Finalize();
  }
  return 0;
}
