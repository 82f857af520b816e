#include "commands/run.hpp"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "base/log.hpp"
#include "base/standing.hpp"
#include "comm/agreement.hpp"
#include "commands/run_folder.hpp"
#include "commands/run_summary.hpp"
#include "stages/linked_libraries.hpp"
#include "stages/stage_identity.hpp"
#include "stages/stages.hpp"

namespace goracs {
namespace {

/// The hosts of all ranks, each once, sorted.
std::string hosts_of(Communicator& world) {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  const auto names = world.all_gather(std::span<const std::array<char, 256>>(&name, 1));
  std::set<std::string> hosts;
  for (const auto& one : names) hosts.emplace(one.data());
  return fmt::format("{}", fmt::join(hosts, " "));
}

Provenance provenance_of_run(const RunRequest& request, Communicator& world) {
  const char* job = std::getenv("SLURM_JOB_ID");
  Provenance provenance;
  provenance.command = request.command;
  provenance.config_yaml = resolved_yaml(request.config);
  provenance.config_sha256 = config_sha256(request.config.values);
  provenance.hosts = hosts_of(world);
  provenance.slurm_job = job == nullptr ? "" : job;
  provenance.seed = request.config.values.seed;
  provenance.world_size = world.size();
  provenance.libraries = linked_libraries();
  return provenance;
}

void check_paths(const LoadedConfig& config, Communicator& world) {
  on_root(world, [&] {
    const std::vector<std::string> missing = missing_paths(config);
    GORACS_CHECK_USAGE(missing.empty(), "{}", fmt::join(missing, "\n"));
  });
}

/// The stages of one start in their order.
class StageRun {
 public:
  StageRun(const RunRequest& request, Communicator& world)
      : config_(request.config.values), world_(world), run_folder_(request, world), provenance_(provenance_of_run(request, world)) {}

  /// Opens these stages, computing what is missing and `may_compute`. False: stopped, RESUMABLE says where.
  /// Errors: kInput when a stage is missing and not to be computed, naming it.
  bool through(const std::vector<Stage>& stages, StageSet may_compute) {
    for (const Stage stage : stages) {
      const StageIdentity identity = identity_of(stage, config_, done_, world_);
      if (auto found = StageFolder::find(config_.work_dir, identity, world_)) {
        log_info("{}: finished before, {}", name_of(stage), found->path().string());
        done_.emplace(stage, std::move(*found));
        continue;
      }
      GORACS_CHECK_INPUT(may_compute.contains(stage), "{} is not there yet (it would be {}): goracs {}, or --with-inputs", name_of(stage),
                         folder_name(identity), name_of(stage));
      stand_at(fmt::format("{}, begin", name_of(stage)));
      if (!computed(stage, identity)) return false;
      stand_at("");
    }
    run_folder_.finished();
    return true;
  }

  void summarise() {
    nlohmann::ordered_json summary;
    on_root(world_, [&] { summary = run_summary(config_, done_); });
    if (num_computed_ == 0) log_info("run {}: nothing to do, every stage was finished before", config_.run.name);
    if (world_.is_root()) report_summary(summary);
    run_folder_.summarised(summary.dump(2) + "\n");
  }

 private:
  bool computed(Stage stage, const StageIdentity& identity) {
    std::optional<StageFolder> folder = opened(identity);
    if (!folder) {
      run_folder_.stopped(stage, "waiting for another job");
      return false;
    }
    if (!folder->sealed()) {
      log_info("{}: begins, {}", name_of(stage), folder->path().string());
      StageContext context(config_, world_, provenance(stage), *folder, done_);
      if (stop_agreed(world_) || compute(stage, context) == StageEnd::kStopped) {
        run_folder_.stopped(stage, context.standing());
        return false;
      }
      ++num_computed_;
      log_info("{}: done in {:.1f} s", name_of(stage), folder->seconds());
    }
    done_.emplace(stage, std::move(*folder));
    return true;
  }

  /// Waits for another job that computes the same; none when a stop is asked for meanwhile.
  std::optional<StageFolder> opened(const StageIdentity& identity) {
    try {
      return StageFolder::open(config_.work_dir, identity, world_);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kStopped) throw;
      return std::nullopt;
    }
  }

  Provenance provenance(Stage stage) {
    Provenance own = provenance_of(stage, config_, provenance_, world_);
    for (const Stage input : inputs_of(stage, config_)) own.input_paths[std::string(name_of(input))] = done_.at(input).path();
    return own;
  }

  const Config& config_;
  Communicator& world_;
  RunFolder run_folder_;
  Provenance provenance_;
  StageFolders done_;
  std::int64_t num_computed_ = 0;
};

/// A stage behind all that it needs, in order.
std::vector<Stage> with_inputs_of(Stage stage, const Config& config) {
  std::set<Stage> needed = {stage};
  for (auto last = kStages.rbegin(); last != kStages.rend(); ++last)
    if (needed.contains(*last))
      for (const Stage input : inputs_of(*last, config)) needed.insert(input);
  return {needed.begin(), needed.end()};
}

}  // namespace

ExitCode run_all(const RunRequest& request, Communicator& world) {
  check_paths(request.config, world);
  StageRun run(request, world);
  constexpr StageSet kAll{Stage::kPrepare, Stage::kEmbed, Stage::kGrads, Stage::kSelect, Stage::kFinetune, Stage::kEvaluate};
  if (!run.through(stages_of(request.config.values), kAll)) return ExitCode::kStopped;
  run.summarise();
  return ExitCode::kDone;
}

ExitCode run_stage(Stage stage, const RunRequest& request, Communicator& world) {
  check_paths(request.config, world);
  StageRun run(request, world);
  constexpr StageSet kAll{Stage::kPrepare, Stage::kEmbed, Stage::kGrads, Stage::kSelect, Stage::kFinetune, Stage::kEvaluate};
  const bool whole = run.through(with_inputs_of(stage, request.config.values), request.with_inputs ? kAll : StageSet{stage});
  return whole ? ExitCode::kDone : ExitCode::kStopped;
}

}  // namespace goracs
