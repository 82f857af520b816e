#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/config_file.hpp"
#include "comm/communicator.hpp"
#include "commands/verb.hpp"

namespace goracs {

/// One point of `sweep:`, a run like any other: its stage folders are those of a run with the same values, so what points share is computed once.
struct SweepPoint {
  std::int64_t index = 0;
  LoadedConfig config;

  std::filesystem::path run_folder() const { return config.values.work_dir / "runs" / config.values.run.name; }
  /// {"index":0,"method":"itra","lambda":0.1,"budget":64,"seed":0,"run":...,"run_folder":...}
  std::string json() const;
};

/// method x lambda x budget x seed in that order, the last fastest; a list that the config does not give has its one value.
///   method: [itra, random], seed: [0, 1]   ->   0: itra 0   1: itra 1   2: random 0   3: random 1
/// A run.name that is given becomes <name>-<method>-<lambda>-<budget>-<seed>. Collective.
std::vector<SweepPoint> sweep_points(const CommonOptions& options, Communicator& world);

}  // namespace goracs
