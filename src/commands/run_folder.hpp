#pragma once

#include <filesystem>
#include <string>

#include "commands/run.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// work_dir/runs/<run.name>: what a run was started with, what it said and what came out. Written by rank 0.
class RunFolder {
 public:
  /// Makes the folder, writes config.yaml, goes on with log.txt, and has a file STOP in the folder ask for a stop. Collective. Errors: kIo.
  RunFolder(const RunRequest& request, Communicator& world);

  const std::filesystem::path& path() const noexcept { return path_; }

  /// RESUMABLE says where the run stands and who asked for the stop ("by file STOP": the user, so slurm/ does not requeue); a file STOP has done its
  /// work and goes. Collective.
  void stopped(Stage stage, const std::string& standing);
  void summarised(const std::string& summary_json);
  /// What was asked for is done: no RESUMABLE. Collective.
  void finished();

 private:
  void put(const std::string& name, const std::string& text) const;

  Communicator& world_;
  std::filesystem::path path_;
};

}  // namespace goracs
