#include "commands/verb.hpp"

#include <optional>

#include "base/file_bytes.hpp"
#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"
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

/// What run.device asks for is there, or all ranks end. Collective.
void check_device(const std::string& device, Communicator& ranks) {
  if (device == "cpu") return;
  const cuda::Gpus gpus = cuda::visible_gpus();
  if (device == "auto") {
    if (gpus.count > 0)
      log_info("run.device auto: the CPU, although {} GPUs are visible; no stage can run on one yet", gpus.count);
    else if (gpus.compiled)
      log_info("run.device auto: the CPU, since {}", gpus.why_none);
    return;
  }
  together(ranks, [&] {
    GORACS_CHECK_USAGE(gpus.count > 0, "run.device is cuda, but {}; choose cpu or auto", gpus.why_none);
    GORACS_CHECK_USAGE(false, "run.device is cuda, but no stage can run on a GPU yet; choose cpu or auto");
  });
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
  check_device(config.device, ranks);
  StopRequest::listen(config.stop_signal);
  StopRequest::watch_walltime(config.walltime);
  const RankThreads threads = rank_threads(config.threads, ranks);
  use_threads(threads.threads);
  if (!threads.warning.empty()) log_warning("{}", threads.warning);
  log_debug("{} ranks, rank 0 with {} threads on {} CPUs", ranks.size(), threads.threads, threads.cpus);
}

}  // namespace goracs
