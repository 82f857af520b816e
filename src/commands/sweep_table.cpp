#include "commands/sweep_table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.hpp"
#include "base/stage.hpp"

namespace goracs {
namespace {

using Cells = std::vector<std::string>;

/// Names of the metrics that any finished run has, in the order of the first.
Cells metric_names(const std::vector<SweepRow>& rows) {
  Cells names;
  for (const SweepRow& row : rows)
    if (row.result)
      for (const auto& [name, metric] : row.result->metrics)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

const Metric* metric_of(const SweepRow& row, const std::string& name) {
  if (!row.result) return nullptr;
  for (const auto& [own, metric] : row.result->metrics)
    if (own == name) return &metric;
  return nullptr;
}

Cells point_cells(const SweepPoint& point) {
  const Config& c = point.config.values;
  return {std::to_string(point.index), c.select.method, fmt::format("{}", c.select.lambda), std::to_string(c.select.budget),
          std::to_string(c.seed)};
}

std::string joined(const std::vector<Cells>& lines) {
  std::string text;
  for (const Cells& line : lines) text += fmt::format("{}\n", fmt::join(line, ","));
  return text;
}

std::string aligned(const std::vector<Cells>& lines) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Cells& line : lines)
    for (std::size_t k = 0; k < line.size(); ++k) widths[k] = std::max(widths[k], line[k].size());
  std::string text;
  for (const Cells& line : lines) {
    std::string row;
    for (std::size_t k = 0; k < line.size(); ++k) row += fmt::format("{:>{}}  ", line[k], widths[k]);
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

const Cells kPointHead = {"index", "method", "lambda", "budget", "seed"};

}  // namespace

std::vector<SweepRow> sweep_rows(const std::vector<SweepPoint>& points) {
  std::vector<SweepRow> rows;
  for (const SweepPoint& point : points) rows.push_back({point, RunResult::find(point.run_folder())});
  return rows;
}

std::string sweep_csv(const std::vector<SweepRow>& rows) {
  const Cells names = metric_names(rows);
  Cells head = kPointHead;
  for (const char* figure : {"run", "poo_score", "greedy_poo_score", "lower_bound", "gap", "stop_reason"}) head.emplace_back(figure);
  for (const std::string& name : names) head.insert(head.end(), {name, name + "_se"});
  for (const std::string_view stage : kStageNames) head.push_back("seconds_" + std::string(stage));
  std::vector<Cells> lines{head};
  for (const SweepRow& row : rows) {
    Cells line = point_cells(row.point);
    line.push_back(row.point.config.values.run.name);
    if (row.result && row.result->coreset) {
      const CoresetFigures& c = *row.result->coreset;
      for (const double figure : {c.poo_score, c.greedy_poo_score, c.lower_bound, c.gap}) line.push_back(fmt::format("{}", figure));
      line.push_back(c.stop_reason);
    } else {
      line.resize(line.size() + 5);
    }
    for (const std::string& name : names) {
      const Metric* metric = metric_of(row, name);
      line.push_back(metric == nullptr ? "" : fmt::format("{}", metric->value));
      line.push_back(metric == nullptr ? "" : fmt::format("{}", metric->standard_error));
    }
    for (const std::string_view stage : kStageNames) {
      const bool known = row.result && row.result->seconds.contains(std::string(stage));
      line.push_back(known ? fmt::format("{:.3f}", row.result->seconds.at(std::string(stage))) : "");
    }
    lines.push_back(line);
  }
  return joined(lines);
}

std::string sweep_table(const std::vector<SweepRow>& rows) {
  const Cells names = metric_names(rows);
  Cells head = kPointHead;
  head.insert(head.end(), {"POO", "gap"});
  head.insert(head.end(), names.begin(), names.end());
  std::vector<Cells> lines{head};
  for (const SweepRow& row : rows) {
    Cells line = point_cells(row.point);
    const bool chosen = row.result && row.result->coreset;
    line.push_back(chosen ? fmt::format("{:.5f}", row.result->coreset->poo_score) : row.result ? "-" : "not finished");
    line.push_back(chosen ? fmt::format("{:.2f} %", 100 * row.result->coreset->gap) : "-");
    for (const std::string& name : names) {
      const Metric* metric = metric_of(row, name);
      line.push_back(metric == nullptr ? "-" : text_of(*metric));
    }
    lines.push_back(line);
  }
  return aligned(lines);
}

std::filesystem::path sweep_folder(const std::vector<SweepPoint>& points) {
  constexpr std::size_t kDigits = 10;
  std::string all;
  for (const SweepPoint& point : points) all += config_sha256(point.config.values) + point.config.values.run.name;
  const Config& c = points.front().config.values;
  return std::filesystem::absolute(c.work_dir) / "sweeps" /
         fmt::format("{}-{}-{}", c.data.name, c.task, sha256_hex(all).substr(0, kDigits));
}

}  // namespace goracs
