#include "commands/run_folder.hpp"

#include <fmt/format.h>

#include "artifact/commit.hpp"
#include "base/at_work.hpp"
#include "base/file_bytes.hpp"
#include "base/log.hpp"
#include "base/progress.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"

namespace goracs {
namespace {

constexpr const char* kStop = "STOP";
constexpr const char* kResumable = "RESUMABLE";

}  // namespace

RunFolder::RunFolder(const RunRequest& request, Communicator& world)
    : world_(world), path_(request.config.values.work_dir / "runs" / request.config.values.run.name) {
  on_root(world, [&] {
    make_folder(path_);
    put("config.yaml", resolved_yaml(request.config));
  });
  log_also_to(path_ / "log.txt");
  Progress::each_second([&world] { world.still_working(); });
  tell_at_work([&world] { world.still_working(); });
  StopRequest::watch_file(path_ / kStop);
}

void RunFolder::stopped(Stage stage, const std::string& standing) {
  const std::string reason = stop_agreed(world_).value_or("nobody");
  on_root(world_, [&] {
    put(kResumable, fmt::format("stage {}\n{}\nby {}\n", name_of(stage), standing, reason));
    remove_tree(path_ / kStop);
  });
  log_info("stopped by {} in {}, {}; the same command goes on", reason, name_of(stage), standing);
}

void RunFolder::summarised(const std::string& summary_json) {
  on_root(world_, [&] { put("summary.json", summary_json); });
}

void RunFolder::finished() {
  on_root(world_, [&] { remove_tree(path_ / kResumable); });
}

/// A file that says the same already stays as it is; RESUMABLE is always new, its time tells a start from the one before.
void RunFolder::put(const std::string& name, const std::string& text) const {
  if (name != kResumable && file_bytes(path_ / name) == text) return;
  commit_text(path_ / name, text);
}

}  // namespace goracs
