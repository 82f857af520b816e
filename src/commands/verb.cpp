#include "commands/verb.hpp"

#include <fstream>
#include <iterator>

#include "base/log.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"
#include "commands/rank_threads.hpp"
#include "stages/threads.hpp"

namespace goracs {
namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  GORACS_CHECK_USAGE(in.good(), "{}: the config cannot be read", file);
  std::string text(std::istreambuf_iterator<char>(in), {});
  GORACS_CHECK_USAGE(!in.bad(), "{}: the config cannot be read", file);
  return text;
}

}  // namespace

LoadedConfig load_config(const CommonOptions& options, Communicator& world) {
  std::string text;
  on_root(world, [&] {
    GORACS_CHECK_USAGE(!options.config_file.empty() || !options.settings.empty(), "no config: give --config FILE.yaml (or --set for all)");
    if (!options.config_file.empty()) text = text_of(options.config_file);
  });
  const ConfigSource source{options.config_file, broadcast_text(world, text), options.settings};
  LoadedConfig config;
  together(world, [&] { config = load_config(source); });
  return config;
}

void begin_work(const RunConfig& config, World& world) {
  Communicator& ranks = world.communicator();
  world.deadline(config.deadline_seconds);
  StopRequest::listen(config.stop_signal);
  StopRequest::watch_walltime(config.walltime);
  const RankThreads threads = rank_threads(config.threads, ranks);
  use_threads(threads.threads);
  if (!threads.warning.empty()) log_warning("{}", threads.warning);
  log_debug("{} ranks, rank 0 with {} threads on {} CPUs", ranks.size(), threads.threads, threads.cpus);
}

}  // namespace goracs
