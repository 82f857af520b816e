#include "commands/show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>

#include "artifact/manifest.hpp"
#include "artifact/provenance.hpp"
#include "commands/h5_listing.hpp"
#include "commands/run_result.hpp"

namespace goracs {
namespace {

constexpr std::size_t kLongest = 100;

/// The first line of a text, cut where it gets long.
std::string in_one_line(const std::string& text) {
  const std::string line = text.substr(0, text.find('\n'));
  const bool whole = line.size() == text.size() && line.size() <= kLongest;
  return whole ? text : line.substr(0, kLongest) + " ...";
}

/// What a few numbers say about many.
std::string summary_of(const std::vector<double>& values) {
  std::size_t odd = 0;
  double least = INFINITY, most = -INFINITY, sum = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) {
      ++odd;
      continue;
    }
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
  }
  if (values.size() == odd) return odd == 0 ? "" : "not finite";
  const std::string range = fmt::format("{:.6g} to {:.6g}, mean {:.6g}", least, most, sum / static_cast<double>(values.size() - odd));
  return odd == 0 ? range : fmt::format("{}, {} not finite", range, odd);
}

std::string contents_of(const H5File& file, const std::string& dataset) {
  constexpr std::int64_t kMostRead = std::int64_t{1} << 24;  // larger ones would make the reader wait
  const Shape shape = file.shape(dataset);
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  const H5Element element = file.element(dataset);
  if (count == 0 || count > kMostRead || element == H5Element::kOther) return "";
  if (element != H5Element::kText) return summary_of(file.read<double>(dataset));
  return "\"" + in_one_line(file.read_strings(dataset).front()) + "\"";
}

std::string shown_h5(const std::filesystem::path& path) {
  const H5File file = H5File::open(checked(path));
  std::string provenance, figures;
  for (const auto& [name, value] : attributes_of(file, "/")) {
    std::string& part = is_provenance(name) ? provenance : figures;
    part += fmt::format("  {:<20} {}\n", name, in_one_line(value));
  }
  std::string text = path.string() + "\n";
  if (!provenance.empty()) text += "provenance\n" + provenance;
  if (!figures.empty()) text += "figures\n" + figures;
  text += "datasets\n";
  for (const std::string& name : dataset_names(file)) {
    const auto attributes = attributes_of(file, name);
    const auto about = attributes.find("long_name"), units = attributes.find("units");
    text += fmt::format("  {:<24} {:<8} {:<14} {}", name, name_of(file.element(name)), text_of(file.shape(name)), contents_of(file, name));
    if (units != attributes.end()) text += " " + units->second;
    if (about != attributes.end()) text += "  (" + about->second + ")";
    text += "\n";
  }
  return text;
}

std::string shown_stage(const std::filesystem::path& folder, const Manifest& manifest) {
  std::string text = fmt::format("{}: stage {}, content {}, {:.1f} s on {} ranks\n", folder.string(), manifest.stage,
                                 manifest.content_sha256, manifest.seconds, manifest.world_size);
  text += "keys of the config\n";
  for (const auto& [key, value] : manifest.config.items()) text += fmt::format("  {:<28} {}\n", key, value.dump());
  text += "inputs\n";
  for (const auto& [name, sha256] : manifest.inputs) text += fmt::format("  {:<20} {}\n", name, sha256);
  text += "files\n";
  for (const auto& [name, file] : manifest.files) text += fmt::format("  {:<32} {:>14} bytes  {}\n", name, file.bytes, file.xxh3);
  for (const auto& [name, file] : manifest.files) manifest.check_file(folder, name, true);
  for (const auto& [name, file] : manifest.files)
    if (name.ends_with(".h5")) text += "\n" + shown_h5(folder / name);
  return text;
}

std::string shown_run(const RunResult& run) {
  std::string text = fmt::format("run {} ({})\n", run.name, run.task);
  for (const std::string& stage : run.stages)
    text += fmt::format("  {:<10} {:>10.1f} s  {}\n", stage, run.seconds.at(stage), run.folders.at(stage).string());
  if (run.coreset)
    text += fmt::format("coreset of {} rows: POO {:.6f} (greedy {:.6f}), lower bound {:.6f}, gap {:.3f} %, {}\n", run.coreset->budget,
                        run.coreset->poo_score, run.coreset->greedy_poo_score, run.coreset->lower_bound, 100 * run.coreset->gap,
                        run.coreset->stop_reason);
  for (const auto& [name, metric] : run.metrics) text += fmt::format("  {:<10} {}\n", name, text_of(metric));
  for (const auto& [name, metric] : run.popularity) text += fmt::format("  {:<10} {}  (ranking by popularity)\n", name, text_of(metric));
  return text;
}

}  // namespace

std::string shown(const std::filesystem::path& artifact) {
  GORACS_CHECK_USAGE(std::filesystem::exists(artifact), "{}: no such file or folder", artifact.string());
  if (std::filesystem::is_directory(artifact)) {
    if (const std::optional<Manifest> manifest = Manifest::read(artifact)) return shown_stage(artifact, *manifest);
    if (const std::optional<RunResult> run = RunResult::find(artifact)) return shown_run(*run);
    fail(ExitCode::kUsage, "{}: neither a finished stage (MANIFEST.json) nor a finished run (summary.json)", artifact.string());
  }
  const std::string form = artifact.extension();
  if (form == ".json" || form == ".yaml" || form == ".txt" || form == ".csv") return checked_bytes(artifact);
  return shown_h5(artifact);
}

Verb show_verb() {
  const auto artifact = std::make_shared<std::string>();
  Verb verb;
  verb.name = "show";
  verb.summary = "how an artifact came to be and what is in it: an HDF5 file, a stage folder, a run's folder";
  verb.options = [artifact](Flags& declared) { declared.word("artifact", *artifact, "a file or a folder"); };
  verb.on_ranks = [] { return false; };
  verb.run = [artifact](const CommonOptions&, World&) {
    GORACS_CHECK_USAGE(!artifact->empty(), "goracs show: which artifact?");
    fmt::print("{}", shown(*artifact));
    return ExitCode::kDone;
  };
  return verb;
}

}  // namespace goracs
