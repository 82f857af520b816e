#include "commands/report_page.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "commands/figures.hpp"

namespace goracs {
namespace {

constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title><style>
body {{ font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }}
table {{ border-collapse: collapse; margin: 1em 0; }} td, th {{ border: 1px solid #ccc; padding: 0.3em 0.7em; text-align: right; }}
td:first-child, th:first-child {{ text-align: left; }} .note {{ background: #f4f4e8; padding: 0.7em 1em; }}
</style></head><body><h1>{0}</h1>
)";

constexpr const char* kWhatItSays = R"(<div class="note"><h2>What these numbers can say</h2><ul>
<li><b>One pair of runs proves nothing.</b> Which rows are chosen moves a metric more than methods differ from each other: compare several
seeds, and a random coreset of the same budget with its spread.</li>
<li>+- is the standard error over the test samples; differences within about two of them are noise.</li>
<li>POO is what the selection minimises; the gap to the lower bound is certified. A lower POO is not known to tune a better model.</li>
<li>Choose lambda on the validation split, never on the test split.</li></ul></div>
)";

std::string cell(const std::string& text, const char* tag = "td") { return fmt::format("<{0}>{1}</{0}>", tag, xml_escaped(text)); }

std::string row(const std::vector<std::string>& cells, const char* tag = "td") {
  std::string text = "<tr>";
  for (const std::string& one : cells) text += cell(one, tag);
  return text + "</tr>\n";
}

std::string metric_table(const RunResult& run) {
  if (run.metrics.empty()) return "";
  const std::map<std::string, Metric> popularity(run.popularity.begin(), run.popularity.end());
  std::vector<std::string> head = {"metric", "this run"};
  if (!popularity.empty()) head.emplace_back("ranking by popularity");
  std::string text = "<h2>Metrics</h2><table>\n" + row(head, "th");
  for (const auto& [name, metric] : run.metrics) {
    std::vector<std::string> cells = {name, text_of(metric)};
    if (!popularity.empty()) cells.push_back(popularity.contains(name) ? text_of(popularity.at(name)) : "-");
    text += row(cells);
  }
  return text + "</table>\n";
}

std::string coreset_table(const CoresetFigures& coreset) {
  return "<h2>Coreset</h2><table>\n" + row({"rows", std::to_string(coreset.budget)}) +
         row({"POO", fmt::format("{:.6f}", coreset.poo_score)}) +
         row({"POO of the greedy coreset", fmt::format("{:.6f}", coreset.greedy_poo_score)}) +
         row({"lower bound, whatever the coreset", fmt::format("{:.6f}", coreset.lower_bound)}) +
         row({"gap", fmt::format("{:.3f} %", 100 * coreset.gap)}) + row({"stopped", coreset.stop_reason}) + "</table>\n";
}

std::string stage_table(const RunResult& run) {
  std::string text = "<h2>Stages</h2><table>\n" + row({"stage", "seconds", "folder"}, "th");
  for (const std::string& stage : run.stages)
    text += row({stage, fmt::format("{:.1f}", run.seconds.at(stage)), run.folders.at(stage).string()});
  text += "</table>\n";
  if (run.selection_to_finetuning)
    text += fmt::format("<p>Selection (embed, grads, select) took {:.2f} times as long as finetuning.</p>\n", *run.selection_to_finetuning);
  return text;
}

/// Mean and standard deviation over the seeds of one method, lambda and budget.
struct Spread {
  std::vector<double> values;
  std::string text() const {
    if (values.empty()) return "-";
    double sum = 0, squares = 0;
    for (const double value : values) sum += value;
    const double mean = sum / static_cast<double>(values.size());
    for (const double value : values) squares += (value - mean) * (value - mean);
    if (values.size() == 1) return fmt::format("{:.4f} (1 seed)", mean);
    return fmt::format("{:.4f}, sd {:.4f} ({} seeds)", mean, std::sqrt(squares / static_cast<double>(values.size() - 1)), values.size());
  }
};

/// The metrics of each (method, lambda, budget) over its seeds; the row `random` is what others are to be read against.
std::string spread_table(const std::vector<SweepRow>& rows) {
  std::vector<std::string> metrics, order;
  std::map<std::string, std::map<std::string, Spread>> spreads;
  for (const SweepRow& point : rows) {
    const SelectConfig& select = point.point.config.values.select;
    const std::string key = fmt::format("{}, lambda {}, budget {}", select.method, select.lambda, select.budget);
    if (!spreads.contains(key)) order.push_back(key);
    auto& own = spreads[key];
    if (!point.result) continue;
    if (metrics.empty())
      for (const auto& [name, metric] : point.result->metrics) metrics.push_back(name);
    for (const auto& [name, metric] : point.result->metrics)
      if (std::isfinite(metric.value)) own[name].values.push_back(metric.value);
  }
  std::vector<std::string> head = {"method"};
  head.insert(head.end(), metrics.begin(), metrics.end());
  std::string text = "<h2>Over seeds</h2><table>\n" + row(head, "th");
  for (const std::string& key : order) {
    std::vector<std::string> cells = {key};
    for (const std::string& name : metrics) cells.push_back(spreads[key][name].text());
    text += row(cells);
  }
  return text + "</table>\n";
}

std::string popularity_line(const std::vector<SweepRow>& rows) {
  for (const SweepRow& point : rows) {
    if (!point.result || point.result->popularity.empty()) continue;
    std::string text = "<p>Ranking by popularity in the pool:";
    for (const auto& [name, metric] : point.result->popularity) text += " " + xml_escaped(name) + " " + text_of(metric);
    return text + "</p>\n";
  }
  return "";
}

}  // namespace

std::string run_page(const RunResult& run) {
  std::string page = fmt::format(kHead, xml_escaped("goracs run " + run.name)) + metric_table(run);
  if (run.coreset) page += coreset_table(*run.coreset) + svg(objective_chart(run.folders.at("select") / "coreset.h5"));
  if (const auto tuned = run.folders.find("finetune"); tuned != run.folders.end()) page += svg(loss_chart(tuned->second / "history.h5"));
  return page + stage_table(run) + svg(seconds_chart(run)) + kWhatItSays + "</body></html>\n";
}

std::string sweep_page(const std::vector<SweepRow>& rows) {
  const Config& config = rows.front().point.config.values;
  std::string page = fmt::format(kHead, xml_escaped(fmt::format("goracs sweep: {} on {}", config.task, config.data.name)));
  page += spread_table(rows) + popularity_line(rows);
  page += "<h2>All points</h2><pre>" + xml_escaped(sweep_table(rows)) + "</pre>\n";
  std::vector<std::string> figures = {"poo_score", "gap"};
  for (const SweepRow& point : rows)
    if (point.result && figures.size() == 2)
      for (const auto& [name, metric] : point.result->metrics) figures.push_back(name);
  for (const std::string& figure : figures)
    for (const HeatMap& map : heat_maps(rows, figure)) page += svg(map);
  return page + kWhatItSays + "</body></html>\n";
}

}  // namespace goracs
