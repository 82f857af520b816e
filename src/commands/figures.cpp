#include "commands/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "artifact/h5.hpp"
#include "artifact/manifest.hpp"
#include "base/error.hpp"

namespace goracs {
namespace {

/// 0, 1, ... or the steps that a dataset names.
std::vector<double> counted(std::size_t count, double first) {
  std::vector<double> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// What a finished point says about the figure; NaN when it says nothing.
double value_of(const RunResult& run, const std::string& figure) {
  if (run.coreset && figure == "poo_score") return run.coreset->poo_score;
  if (run.coreset && figure == "gap") return run.coreset->gap;
  for (const auto& [name, metric] : run.metrics)
    if (name == figure) return metric.value;
  return std::numeric_limits<double>::quiet_NaN();
}

template <class T>
std::vector<T> sorted_distinct(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

HeatMap heat_map(const std::vector<SweepRow>& rows, const std::string& method, const std::string& figure) {
  std::vector<double> lambdas;
  std::vector<std::int64_t> budgets;
  for (const SweepRow& row : rows) {
    lambdas.push_back(row.point.config.values.select.lambda);
    budgets.push_back(row.point.config.values.select.budget);
  }
  HeatMap map{method + ": " + figure + " (mean over seeds)", "lambda", "budget", {}, {}, {}};
  lambdas = sorted_distinct(lambdas);
  budgets = sorted_distinct(budgets);
  for (const double lambda : lambdas) map.columns.push_back(fmt::format("{}", lambda));
  for (const std::int64_t budget : budgets) {
    map.rows.push_back(std::to_string(budget));
    for (const double lambda : lambdas) {
      std::vector<double> values;
      for (const SweepRow& row : rows) {
        const SelectConfig& select = row.point.config.values.select;
        if (!row.result || select.method != method || select.lambda != lambda || select.budget != budget) continue;
        if (const double value = value_of(*row.result, figure); std::isfinite(value)) values.push_back(value);
      }
      map.values.push_back(mean_of(values));
    }
  }
  return map;
}

void draw_on(Canvas& canvas, const Figure& figure) {
  std::visit([&](const auto& chart) { draw(chart, canvas); }, figure);
}

}  // namespace

LineChart objective_chart(const std::filesystem::path& coreset_h5) {
  const H5File file = H5File::open(checked(coreset_h5));
  const double greedy = file.number_attribute("greedy_poo_score"), end = file.number_attribute("poo_score");
  Series series{"POO", {}, file.read<double>("/trace/poo_score")};
  if (std::isfinite(greedy) && greedy > 0) series.y.insert(series.y.begin(), greedy);
  if (series.y.empty()) series.y.push_back(end);
  series.x = counted(series.y.size(), 0);
  LineChart chart{"Objective after each exchange", "exchanges", "POO (lower is better)", {series}, {}};
  if (std::isfinite(greedy) && greedy > 0) chart.levels.emplace_back("greedy", greedy);
  chart.levels.emplace_back("lower bound", file.number_attribute("lower_bound"));
  return chart;
}

LineChart loss_chart(const std::filesystem::path& history_h5) {
  const H5File file = H5File::open(checked(history_h5));
  Series train{"training", {}, file.read<double>("/train_loss")}, valid{"validation", {}, file.read<double>("/valid_loss")};
  train.x = counted(train.y.size(), 1);
  for (const std::int64_t step : file.read<std::int64_t>("/valid_step")) valid.x.push_back(static_cast<double>(step));
  GORACS_CHECK_INPUT(valid.x.size() == valid.y.size(), "{}: {} valid_step, but {} valid_loss", history_h5.string(), valid.x.size(),
                     valid.y.size());
  return {"Loss of finetuning", "step", "loss", {train, valid}, {}};
}

BarChart seconds_chart(const RunResult& run) {
  BarChart chart{"Seconds of each stage: " + run.name, "seconds", {}};
  for (const std::string& stage : run.stages) chart.bars.emplace_back(stage, run.seconds.at(stage));
  return chart;
}

std::vector<HeatMap> heat_maps(const std::vector<SweepRow>& rows, const std::string& figure) {
  std::vector<std::string> methods;
  for (const SweepRow& row : rows) {
    const std::string& method = row.point.config.values.select.method;
    if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.push_back(method);
  }
  std::vector<HeatMap> maps;
  for (const std::string& method : methods) maps.push_back(heat_map(rows, method, figure));
  return maps;
}

Figure figure_of(const std::filesystem::path& artifact) {
  GORACS_CHECK_USAGE(std::filesystem::exists(artifact), "{}: no such file or folder", artifact.string());
  if (std::filesystem::is_directory(artifact)) {
    for (const char* name : {"summary.json", "coreset.h5", "history.h5"})
      if (std::filesystem::exists(artifact / name)) return figure_of(artifact / name);
    fail(ExitCode::kUsage, "{}: no coreset.h5, history.h5 or summary.json in it, nothing to plot", artifact.string());
  }
  if (artifact.filename() == "summary.json") return seconds_chart(RunResult::read(std::filesystem::absolute(artifact).parent_path()));
  const H5File file = H5File::open(checked(artifact));
  if (file.contains("/trace/poo_score")) return objective_chart(artifact);
  if (file.contains("/train_loss")) return loss_chart(artifact);
  fail(ExitCode::kUsage, "{}: neither a coreset nor a history of losses, nothing to plot", artifact.string());
}

std::string svg(const Figure& figure) {
  SvgCanvas canvas(kChartWidth, kChartHeight);
  draw_on(canvas, figure);
  return canvas.document();
}

std::string png(const Figure& figure) {
  PngCanvas canvas(kChartWidth, kChartHeight);
  draw_on(canvas, figure);
  return canvas.file_bytes();
}
std::string tsv(const Figure& figure) {
  return std::visit([](const auto& chart) { return tsv(chart); }, figure);
}

}  // namespace goracs
