#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/matrix.hpp"
#include "comm/communicator.hpp"
#include "itra/place.hpp"

namespace goracs::itra {

/// Reads rows first .. first + rows.rows - 1 of an embedding table; called by every rank for itself and in blocks, so that no rank ever holds
/// a whole table: of the pool a rank reads its own rows, of the validation set all.
using ReadRows = std::function<void(std::int64_t first, MatrixView<float> rows)>;

/// Where distances are kept between selections from the same embeddings (distance_file.hpp), so that a sweep computes them once.
struct DistancePlace {
  std::filesystem::path folder;  ///< where all ranks see it; made when it is not there
  std::string key;               ///< says which embeddings these are, by their contents (content_sha256 of the stage)
};

/// What is chosen from and what for (SPEC 5): N pool rows and M validation rows of d components each.
struct SelectionInput {
  std::int64_t num_train = 0, num_valid = 0, dimension = 0;
  ReadRows train, valid;
  std::vector<double> gradient_norm;                   ///< (N) >= 0
  std::vector<std::int32_t> train_label, valid_label;  ///< (N), (M) classes; empty without labels
  std::vector<std::string> class_names;
  std::string name = "input";  ///< what errors call it; its parts below, when they have names of their own (a file, a dataset)
  std::string train_name, valid_name, gradient_norm_name;
  Place place = Place::kHost;              ///< where the cost rows lie and are worked on; the result is the same
  std::optional<DistancePlace> distances;  ///< 4 N M bytes on disk; embeddings are not read when they are there already
};

/// One accepted exchange.
struct ExchangeRecord {
  std::int64_t removed = -1, added = -1;  ///< global rows
  double poo_score = 0;                   ///< after it
  double seconds = 0;                     ///< since the refinement began
};

struct ClassResult {
  std::int64_t budget = 0;
  double poo_score = 0, lower_bound = 0, gap = 0;
};

/// A coreset with what is known about it; the same on every rank, whatever their number and threads.
struct Selection {
  std::vector<std::int64_t> indices;         ///< (n) ascending; empty when it was stopped before there was a coreset
  std::vector<std::int64_t> greedy_indices;  ///< in the order of adding; empty for methods that do not start with greedy
  std::vector<ExchangeRecord> trace;
  std::vector<ClassResult> classes;                   ///< one without labels; all zero for a class that gets no rows
  double poo_score = 0, greedy_poo_score = 0;         ///< greedy's is NaN for methods that do not start with it
  double lower_bound = 0, gap = 0, gap_absolute = 0;  ///< SPEC 5; the bound holds for every coreset of this size
  std::string stop_reason;                            ///< local_optimum, max_exchanges, time_limit, gap, proven_optimal, stopped, none
  std::int64_t transport_solves = 0;
  double seconds_distance = 0, seconds_greedy = 0, seconds_refine = 0;
  std::int64_t bytes_per_exchange = 0;  ///< sent by this rank, mean over the accepted exchanges
};

/// Where a selection stands between two exchanges; enough to go on from exactly there.
struct SelectionState {
  std::int32_t class_index = 0;
  std::string bytes;  ///< opaque, the same on every rank
};

/// How the caller follows, saves and stops a selection. All of it is called on every rank at the same places.
struct SelectionEvents {
  /// After each step of a phase ("distances", "greedy", "exchanges", "ascent", ...); true ends the selection with stop_reason "stopped".
  /// The answer must be the same on all ranks.
  std::function<bool(const std::string& phase, std::int64_t done, std::int64_t total, double poo_score)> step;
  /// Asked for between exchanges; the state so far may be saved.
  std::function<void(const std::function<SelectionState()>& state)> checkpoint;
  std::optional<SelectionState> resume_from;
};

/// Chooses the coreset by config.method (SPEC 5, 6; SELECTION). `seed` is of method random. Threads: those of OpenMP. Collective.
/// Errors: kInput (NaN or infinite embeddings, negative norms, a budget above the pool or above a class's rows: file, row, class are
/// named); kNumeric when a transport's optimality certificate fails.
Selection select(const SelectionInput& input, const SelectConfig& config, std::uint64_t seed, Communicator& world,
                 const SelectionEvents& events = {});

}  // namespace goracs::itra
