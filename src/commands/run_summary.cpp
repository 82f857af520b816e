#include "commands/run_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/config_file.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "commands/run_result.hpp"

namespace goracs {
namespace {

nlohmann::ordered_json json_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(in, nullptr, /*allow_exceptions=*/false);
  GORACS_CHECK_INPUT(!json.is_discarded(), "{}: no JSON", file.string());
  return json;
}

std::string number_text(const nlohmann::ordered_json& number) {
  return number.is_null() ? "not defined" : fmt::format("{:.4f}", number.get<double>());
}

void report_metrics(const std::string& heading, const nlohmann::ordered_json& metrics) {
  for (const auto& [name, value] : metrics.items())
    if (metrics.contains(name + kStandardError))
      log_info("{}{} {} +- {}", heading, name, number_text(value), number_text(metrics[name + kStandardError]));
}

}  // namespace

nlohmann::ordered_json run_summary(const Config& config, const StageFolders& stages) {
  nlohmann::ordered_json summary;
  summary["run"] = config.run.name;
  summary["task"] = config.task;
  summary["config_sha256"] = config_sha256(config);
  double selection = 0;
  for (const auto& [stage, folder] : stages) {
    summary["stages"][std::string(name_of(stage))] = {
        {"folder", folder.path().string()}, {"seconds", folder.seconds()}, {"content_sha256", folder.content_sha256()}};
    if (stage == Stage::kEmbed || stage == Stage::kGrads || stage == Stage::kSelect) selection += folder.seconds();
  }
  if (const auto evaluated = stages.find(Stage::kEvaluate); evaluated != stages.end())
    summary["metrics"] = json_of(evaluated->second.file("metrics.json"));
  if (const auto tuned = stages.find(Stage::kFinetune); tuned != stages.end()) {
    summary["selection_seconds"] = selection;
    summary["finetuning_seconds"] = tuned->second.seconds();
    summary["selection_to_finetuning"] = selection / tuned->second.seconds();
  }
  return summary;
}

void report_summary(const nlohmann::ordered_json& summary) {
  for (const auto& [stage, about] : summary["stages"].items())
    log_info("{:9} {:8.1f} s  {}", stage, about["seconds"].get<double>(), about["folder"].get<std::string>());
  if (summary.contains("metrics")) {
    const nlohmann::ordered_json& metrics = summary["metrics"];
    report_metrics("", metrics);
    if (metrics.contains("popularity")) report_metrics("ranking by popularity in the pool: ", metrics["popularity"]);
  }
  if (summary.contains("selection_to_finetuning"))
    log_info("selection took {:.1f} s, finetuning {:.1f} s: ratio {:.2f}", summary["selection_seconds"].get<double>(),
             summary["finetuning_seconds"].get<double>(), summary["selection_to_finetuning"].get<double>());
}

}  // namespace goracs
