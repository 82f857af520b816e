#include "commands/verb.hpp"

#include <optional>

#include "base/file_bytes.hpp"
#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"
#include "comm/rank_gpu.hpp"
#include "commands/rank_threads.hpp"
#include "kernels/gpu.hpp"
#include "stages/threads.hpp"

namespace goracs {
namespace {

std::string config_text(const std::string& file) {
  std::optional<std::string> text = file_bytes(file);
  GORACS_CHECK_USAGE(text.has_value(), "{}: the config cannot be read", file);
  return *std::move(text);
}

/// Whether run.device means GPUs. Collective. Errors: kUsage where it asks for them, and not every rank can have one.
bool wants_gpus(const std::string& device, Communicator& ranks) {
  if (device == "cpu") return false;
  const std::optional<std::string> why_not = why_not_a_gpu_each(ranks);
  if (device == "cuda") {
    if (why_not) throw AgreedError(ExitCode::kUsage, fmt::format("run.device is cuda, but {}; choose cpu or auto", *why_not));
    return true;
  }
  if (!why_not)
    log_info("run.device auto: a GPU for each rank");
  else if (cuda::visible_gpus().compiled)
    log_info("run.device auto: the CPU, since {}", *why_not);
  return !why_not;
}

}  // namespace

LoadedConfig load_config(const CommonOptions& options, Communicator& world) {
  std::string text;
  on_root(world, [&] {
    GORACS_CHECK_USAGE(!options.config_file.empty() || !options.settings.empty(), "no config: give --config FILE.yaml (or --set for all)");
    if (!options.config_file.empty()) text = config_text(options.config_file);
  });
  const ConfigSource source{options.config_file, broadcast_text(world, text), options.settings};
  LoadedConfig config;
  together(world, [&] { config = load_config(source); });
  return config;
}

void begin_work(const RunConfig& config, World& world) {
  Communicator& ranks = world.communicator();
  world.deadline(config.deadline_seconds);
  if (wants_gpus(config.device, ranks)) world.use_gpus(config.deadline_seconds);
  StopRequest::listen(config.stop_signal);
  StopRequest::watch_walltime(config.walltime);
  const RankThreads threads = rank_threads(config.threads, ranks);
  use_threads(threads.threads);
  if (!threads.warning.empty()) log_warning("{}", threads.warning);
  log_debug("{} ranks, rank 0 with {} threads on {} CPUs", ranks.size(), threads.threads, threads.cpus);
}

}  // namespace goracs
