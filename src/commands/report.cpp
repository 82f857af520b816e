#include "commands/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "artifact/commit.hpp"
#include "commands/report_page.hpp"

namespace goracs {
namespace {

struct ReportFlags {
  std::string run_folder;
  bool sweep = false;
};

constexpr const char* kPage = "report.html";

void report_sweep(const std::vector<SweepPoint>& points) {
  const std::vector<SweepRow> rows = sweep_rows(points);
  const auto finished = std::count_if(rows.begin(), rows.end(), [](const SweepRow& row) { return row.result.has_value(); });
  GORACS_CHECK_USAGE(finished > 0, "none of the {} points of the sweep is finished yet", rows.size());
  const std::filesystem::path folder = sweep_folder(points);
  make_folder(folder);
  commit_text(folder / kPage, sweep_page(rows));
  commit_text(folder / "sweep.csv", sweep_csv(rows));
  fmt::print("{} of {} points are finished\n{}{}\n", finished, rows.size(), sweep_table(rows), (folder / kPage).string());
}

ExitCode report(const ReportFlags& flags, const CommonOptions& options, World& world) {
  if (flags.sweep) {
    report_sweep(sweep_points(options, world.communicator()));
    return ExitCode::kDone;
  }
  std::filesystem::path folder = flags.run_folder;
  if (folder.empty()) {
    const Config config = load_config(options, world.communicator()).values;
    folder = config.work_dir / "runs" / config.run.name;
  }
  write_report(folder);
  fmt::print("{}\n", (folder / kPage).string());
  return ExitCode::kDone;
}

}  // namespace

void write_report(const std::filesystem::path& run_folder) {
  commit_text(std::filesystem::absolute(run_folder) / kPage, run_page(RunResult::read(run_folder)));
}

Verb report_verb() {
  const auto flags = std::make_shared<ReportFlags>();
  Verb verb;
  verb.name = "report";
  verb.summary = "an HTML page with plots (report.html) of a run, or of a sweep with its table and CSV";
  verb.options = [flags](Flags& declared) {
    declared.word("run_folder", flags->run_folder, "work_dir/runs/<name>; else the run of --config");
    declared.yes("--sweep", flags->sweep, "all points of the config's sweep");
  };
  verb.on_ranks = [] { return false; };
  verb.run = [flags](const CommonOptions& options, World& world) { return report(*flags, options, world); };
  return verb;
}

}  // namespace goracs
