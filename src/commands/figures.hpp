#pragma once

#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "commands/chart.hpp"
#include "commands/sweep_table.hpp"

namespace goracs {

using Figure = std::variant<LineChart, BarChart, HeatMap>;

/// The figure that shows a file best: the objective per exchange (coreset.h5), losses (history.h5), seconds per stage (summary.json).
/// A folder of a stage or a run: of its file of that kind. Errors: kUsage for what has no picture, kInput.
Figure figure_of(const std::filesystem::path& artifact);

/// Objective after each exchange, with the greedy coreset's and the lower bound.
LineChart objective_chart(const std::filesystem::path& coreset_h5);
/// Training and validation loss per step.
LineChart loss_chart(const std::filesystem::path& history_h5);
BarChart seconds_chart(const RunResult& run);

/// Over lambda (across) and budget (down), the mean over seeds of `figure`: "poo_score", "gap", or a metric's name; one map a method.
std::vector<HeatMap> heat_maps(const std::vector<SweepRow>& rows, const std::string& figure);

std::string svg(const Figure& figure);
std::string png(const Figure& figure);
std::string tsv(const Figure& figure);

}  // namespace goracs
