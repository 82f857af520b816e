#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/run_result.hpp"
#include "commands/sweep_points.hpp"

namespace goracs {

/// A point with what its run has come to; none while it is not finished.
struct SweepRow {
  SweepPoint point;
  std::optional<RunResult> result;
};

std::vector<SweepRow> sweep_rows(const std::vector<SweepPoint>& points);

/// One line a point, comma separated, a heading first; empty cells where a run is not finished.
std::string sweep_csv(const std::vector<SweepRow>& rows);
/// The same in aligned columns for the eye, metrics with their standard errors.
std::string sweep_table(const std::vector<SweepRow>& rows);

/// work_dir/sweeps/<data.name>-<task>-<10 digits of the hash of all points>
std::filesystem::path sweep_folder(const std::vector<SweepPoint>& points);

}  // namespace goracs
