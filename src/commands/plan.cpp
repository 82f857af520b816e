#include "commands/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/available_memory.hpp"
#include "base/log.hpp"
#include "base/similar_word.hpp"
#include "commands/gpu_limits.hpp"
#include "commands/stage_costs.hpp"
#include "commands/validate.hpp"
#include "commands/workload.hpp"

namespace goracs {
namespace {

/// A core's arithmetic in matrix products (measured on two AVX-512 cores: 80-115 GFLOPS in float32, 340-480 in bfloat16), less what batches
/// of odd lengths lose.
constexpr double kFloat32Flops = 70e9, kBfloat16Flops = 250e9;
/// Where memory traffic is the limit: a few cores already take all of it.
constexpr double kHostBytesPerSecond = 20e9;

/// Whether models compute in bfloat16 here.
bool in_bfloat16(const Config& config) {
  if (config.model.dtype != "auto") return config.model.dtype == "bfloat16";
  return config.run.device == "cuda" || (__builtin_cpu_supports("avx512bf16") != 0);
}

double core_flops(const Config& config) { return in_bfloat16(config) ? kBfloat16Flops : kFloat32Flops; }

double host_seconds(const StageCosts& costs, const Config& config) {
  const double cores = std::max(1U, std::thread::hardware_concurrency());
  return (costs.model_flop / core_flops(config) + costs.exact_flop / kFloat32Flops) / cores + costs.memory_bytes / kHostBytesPerSecond +
         costs.serial_seconds;
}

/// The folder above work_dir that is there already: its file system is the one that will be written to.
std::filesystem::path existing_parent(const std::filesystem::path& folder) {
  std::filesystem::path path = std::filesystem::absolute(folder);
  while (!std::filesystem::exists(path) && path.has_relative_path()) path = path.parent_path();
  return path;
}

void print_table(const Workload& work, const std::vector<StageCosts>& stages, int ranks) {
  fmt::print("{}: {} training, {} validation, {} test samples; {} ranks on this host\n", work.name, work.num_train, work.num_valid,
             work.num_test, ranks);
  fmt::print("  {:<10}{:>18}{:>14}{:>22}\n", "stage", "GiB a rank", "disk GiB", "minutes (rough, CPU)");
  for (const StageCosts& costs : stages)
    fmt::print("  {:<10}{:>18.2f}{:>14.3f}{:>22.1f}\n", name_of(costs.stage), costs.rank_bytes / kGiB, costs.disk_bytes / kGiB,
               host_seconds(costs, work.config) / 60);
  fmt::print("models, GiB a rank:\n  {:<10}{:>12}{:>12}{:>12}{:>14}{:>12}\n", "stage", "weights", "adapter", "optimizer", "activations",
             "caches");
  for (const StageCosts& costs : stages)
    if (costs.models.total() > 0)
      fmt::print("  {:<10}{:>12.3f}{:>12.3f}{:>12.3f}{:>14.3f}{:>12.3f}\n", name_of(costs.stage), costs.models.weights / kGiB,
                 costs.models.adapter / kGiB, costs.models.optimizer / kGiB, costs.models.activations / kGiB, costs.models.caches / kGiB);
  if (work.config.run.device == "cuda")
    fmt::print(
        "  all but the optimizer on the rank's GPU; what is free there is checked when a stage begins, and auto sizes its batches by it\n");
  fmt::print("assumed:\n  {} cores at {:.0f} GFLOPS each in the models\n", std::thread::hardware_concurrency(),
             core_flops(work.config) / 1e9);
  for (std::size_t begin = 0, end = 0; (end = work.assumptions.find('\n', begin)) != std::string::npos; begin = end + 1)
    fmt::print("  {}\n", work.assumptions.substr(begin, end - begin));
}

void check_fits(const std::vector<StageCosts>& stages, const Config& config, int ranks) {
  const auto free_memory = static_cast<double>(available_memory());
  double disk = 0;
  for (const StageCosts& costs : stages) {
    const double bytes = costs.host_bytes(config.run.device == "cuda");
    GORACS_CHECK_USAGE(bytes * ranks <= free_memory,
                       "{} needs {:.2f} GiB on each of {} ranks, but this host has {:.2f} GiB free: fewer ranks a host, smaller batches "
                       "(batch_tokens), or model.shard",
                       name_of(costs.stage), bytes / kGiB, ranks, free_memory / kGiB);
    disk += costs.disk_bytes;
  }
  const std::filesystem::path folder = existing_parent(config.work_dir);
  const auto free_disk = static_cast<double>(std::filesystem::space(folder).available);
  GORACS_CHECK_USAGE(disk <= free_disk, "the stages write {:.2f} GiB, but {} has {:.2f} GiB free", disk / kGiB, folder.string(),
                     free_disk / kGiB);
  fmt::print("fits: {:.2f} GiB of memory and {:.2f} GiB on {} are free\n", free_memory / kGiB, free_disk / kGiB, folder.string());
}

struct PlanFlags {
  std::string gpu;
  std::optional<std::int64_t> ranks;

  int number_of_ranks() const {
    constexpr std::int64_t kMost = 1 << 20;
    const std::int64_t given = ranks.value_or(1);
    GORACS_CHECK_USAGE(given >= 1 && given <= kMost, "--ranks {}: expected 1 to {}", given, kMost);
    return static_cast<int>(given);
  }
};

void print_gpu_plan(const std::string& name, const CommonOptions& options, World& world) {
  std::vector<std::string> names;
  for (const GpuLimits& gpu : kGpus) names.emplace_back(gpu.name);
  const auto found = std::find_if(kGpus.begin(), kGpus.end(), [&](const GpuLimits& gpu) { return gpu.name == name; });
  const std::string near = similar_word(name, names);
  GORACS_CHECK_USAGE(found != kGpus.end(), "--gpu {}: unknown, expected one of {}{}", name, fmt::join(names, ", "),
                     near.empty() ? "" : ", did you mean " + near + "?");
  if (!options.config_file.empty()) {
    fmt::print("{}", gpu_plan(workload_of(load_config(options, world.communicator()).values), *found));
    return;
  }
  for (const char* task : {"seqrec", "ctrpre"}) fmt::print("{}\n", gpu_plan(games_workload(task), *found));
}

}  // namespace

void plan(const LoadedConfig& config, int ranks) {
  const Workload work = workload_of(config.values);
  const std::vector<StageCosts> stages = stage_costs(work, ranks);
  print_table(work, stages, ranks);
  check_fits(stages, config.values, ranks);
}

Verb plan_verb() {
  const auto flags = std::make_shared<PlanFlags>();
  Verb verb;
  verb.name = "plan";
  verb.summary = "bytes, time and disk of each rank and stage; refuses what does not fit";
  verb.options = [flags](Flags& declared) {
    declared.number("--ranks", "R", flags->ranks, "ranks on this host (1)");
    declared.text("--gpu", "CARD", flags->gpu,
                  "a100-80, h100-80 or 4090-24: times on 1, 8, 64 such cards, calculated and never measured; without --config of the Games "
                  "runs with LLaMA-7B");
  };
  verb.on_ranks = [] { return false; };
  verb.run = [flags](const CommonOptions& options, World& world) {
    if (!flags->gpu.empty()) {
      print_gpu_plan(flags->gpu, options, world);
      return ExitCode::kDone;
    }
    const LoadedConfig config = load_config(options, world.communicator());
    validate(config);
    plan(config, flags->number_of_ranks());
    return ExitCode::kDone;
  };
  return verb;
}

}  // namespace goracs
