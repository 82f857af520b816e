#include "commands/run_result.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "artifact/manifest.hpp"
#include "base/error.hpp"
#include "base/stage.hpp"

namespace goracs {
namespace {

using Json = nlohmann::ordered_json;

Json json_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  Json json = Json::parse(in, nullptr, /*allow_exceptions=*/false);
  GORACS_CHECK_INPUT(!json.is_discarded() && json.is_object(), "{}: no JSON object", file.string());
  return json;
}

double number_of(const Json& value) { return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN(); }

/// Every key that has its standard error beside it.
std::vector<std::pair<std::string, Metric>> metrics_of(const Json& metrics) {
  std::vector<std::pair<std::string, Metric>> all;
  for (const auto& [name, value] : metrics.items())
    if (metrics.contains(name + kStandardError)) all.push_back({name, {number_of(value), number_of(metrics[name + kStandardError])}});
  return all;
}

/// Of the coreset.h5 in a stage's folder.
CoresetFigures figures_of(const std::filesystem::path& folder) {
  const H5File coreset = H5File::open(checked(folder / "coreset.h5"));
  CoresetFigures figures;
  figures.budget = coreset.shape("/indices").at(0);
  figures.poo_score = coreset.number_attribute("poo_score");
  figures.greedy_poo_score = coreset.number_attribute("greedy_poo_score");
  figures.lower_bound = coreset.number_attribute("lower_bound");
  figures.gap = coreset.number_attribute("gap");
  figures.stop_reason = coreset.text_attribute("stop_reason");
  return figures;
}

void read_stages(const Json& summary, const std::filesystem::path& work_dir, RunResult& result) {
  for (const std::string_view stage : kStageNames) {
    const std::string name(stage);
    if (!summary.contains("stages") || !summary["stages"].contains(name)) continue;
    const Json& about = summary["stages"][name];
    // the folder as written, or beside the run's where the whole work_dir has moved
    const std::filesystem::path written = about.value("folder", std::string()), moved = work_dir / written.filename();
    result.stages.push_back(name);
    result.folders[name] = std::filesystem::exists(moved) ? moved : written;
    result.seconds[name] = number_of(about.value("seconds", Json()));
  }
}

}  // namespace

std::optional<RunResult> RunResult::find(const std::filesystem::path& run_folder) {
  const std::filesystem::path file = run_folder / "summary.json";
  if (!std::filesystem::exists(file)) return std::nullopt;
  const Json summary = json_in(file);
  RunResult result;
  result.folder = run_folder;
  result.name = summary.value("run", run_folder.filename().string());
  result.task = summary.value("task", std::string());
  read_stages(summary, std::filesystem::absolute(run_folder).parent_path().parent_path(), result);
  if (summary.contains("metrics")) {
    result.metrics = metrics_of(summary["metrics"]);
    if (summary["metrics"].contains("popularity")) result.popularity = metrics_of(summary["metrics"]["popularity"]);
  }
  if (const auto select = result.folders.find("select"); select != result.folders.end()) result.coreset = figures_of(select->second);
  if (summary.contains("selection_to_finetuning")) result.selection_to_finetuning = number_of(summary["selection_to_finetuning"]);
  return result;
}

RunResult RunResult::read(const std::filesystem::path& run_folder) {
  std::optional<RunResult> found = find(run_folder);
  GORACS_CHECK_USAGE(found, "{}: no summary.json there, the run is not finished (or this is no run's folder)", run_folder.string());
  return std::move(*found);
}

std::string text_of(const Metric& metric) {
  if (std::isnan(metric.value)) return "not defined";
  return fmt::format("{:.4f} +- {:.4f}", metric.value, metric.standard_error);
}

}  // namespace goracs
