#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace goracs {

/// A metric's standard error stands beside it under its name with this.
inline constexpr const char* kStandardError = "_se";

/// A metric with its standard error; NaN where it is not defined.
struct Metric {
  double value = 0, standard_error = 0;
};

/// A coreset's certificate, from the attributes of coreset.h5.
struct CoresetFigures {
  std::int64_t budget = 0;
  double poo_score = 0, greedy_poo_score = 0, lower_bound = 0, gap = 0;
  std::string stop_reason;
};

/// What a finished run left behind: its summary and the figures of its coreset.
struct RunResult {
  std::string name, task;
  std::filesystem::path folder;
  std::vector<std::string> stages;                       ///< in the order in which they run
  std::map<std::string, std::filesystem::path> folders;  ///< stage -> folder
  std::map<std::string, double> seconds;                 ///< stage -> seconds
  std::vector<std::pair<std::string, Metric>> metrics, popularity;
  std::optional<CoresetFigures> coreset;
  std::optional<double> selection_to_finetuning;

  /// Of work_dir/runs/<name>; none while the run is not finished. Errors: kInput when its files are damaged.
  static std::optional<RunResult> find(const std::filesystem::path& run_folder);
  /// The same, where it has to be there. Errors: kUsage.
  static RunResult read(const std::filesystem::path& run_folder);
};

/// "0.6631 +- 0.0184", "not defined"
std::string text_of(const Metric& metric);

}  // namespace goracs
