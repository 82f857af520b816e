#include "commands/sweep.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "artifact/commit.hpp"
#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "commands/stage_verbs.hpp"
#include "commands/sweep_points.hpp"
#include "commands/sweep_table.hpp"

namespace goracs {
namespace {

struct SweepFlags {
  std::optional<std::int64_t> index;
  bool list = false;
};

/// The points that this call is about.
std::vector<SweepPoint> chosen_points(const std::vector<SweepPoint>& all, const SweepFlags& flags) {
  if (!flags.index) return all;
  const auto count = static_cast<std::int64_t>(all.size());
  GORACS_CHECK_USAGE(*flags.index >= 0 && *flags.index < count, "goracs sweep: --index {}, but the points are 0 to {}", *flags.index,
                     count - 1);
  return {all[static_cast<std::size_t>(*flags.index)]};
}

void write_table(const std::vector<SweepPoint>& points) {
  const std::vector<SweepRow> rows = sweep_rows(points);
  const std::filesystem::path folder = sweep_folder(points);
  make_folder(folder);
  commit_text(folder / "sweep.csv", sweep_csv(rows));
  fmt::print("{}\n{}\n", sweep_table(rows), (folder / "sweep.csv").string());
}

ExitCode sweep(const SweepFlags& flags, const CommonOptions& options, World& world) {
  Communicator& ranks = world.communicator();
  const std::vector<SweepPoint> all = sweep_points(options, ranks);
  std::vector<SweepPoint> points;
  together(ranks, [&] { points = chosen_points(all, flags); });
  if (flags.list) {
    for (const SweepPoint& point : points) fmt::print("{}\n", point.json());
    return ExitCode::kDone;
  }
  begin_work(points.front().config.values.run, world);
  for (const SweepPoint& point : points) {
    log_info("sweep: point {} of {}: {}", point.index, all.size(), point.json());
    const ExitCode code = run_and_report(point.config, options.command, world.communicator());
    if (code != ExitCode::kDone) return code;
  }
  on_root(ranks, [&] { write_table(all); });
  return ExitCode::kDone;
}

}  // namespace

Verb sweep_verb() {
  const auto flags = std::make_shared<SweepFlags>();
  Verb verb;
  verb.name = "sweep";
  verb.summary = "a run for every point of `sweep:` (method x lambda x budget x seed), shared stages once; safe to start again";
  verb.options = [flags](Flags& declared) {
    declared.number("--index", "K", flags->index, "this point alone, from 0 (job arrays)");
    declared.yes("--list", flags->list, "print the points, one JSON object a line, and run nothing");
  };
  verb.on_ranks = [flags] { return !flags->list; };
  verb.run = [flags](const CommonOptions& options, World& world) { return sweep(*flags, options, world); };
  return verb;
}

}  // namespace goracs
