#pragma once

#include <string>
#include <vector>

#include "base/stage.hpp"
#include "commands/workload.hpp"
#include "stages/memory_plan.hpp"

namespace goracs {

/// What one stage takes. Operations and traffic are of all ranks together, memory and sent bytes of each.
struct StageCosts {
  Stage stage = Stage::kPrepare;
  double model_flop = 0;      ///< matrix products of the models, in model.dtype
  double exact_flop = 0;      ///< float32 in fixed order (distances)
  double memory_bytes = 0;    ///< read from the device's memory where that, not arithmetic, is the limit
  double serial_seconds = 0;  ///< on one host processor, whatever the ranks
  double sent_bytes = 0;      ///< by each rank
  MemoryPlan models;          ///< of each rank, its models' part of that; nothing for prepare and select
  double rank_bytes = 0;      ///< memory of a rank at its peak
  double disk_bytes = 0;

  /// Of a rank's memory what the host holds: of the models the optimizer alone where they are on a GPU.
  double host_bytes(bool on_gpu) const { return rank_bytes - (on_gpu ? models.on_device() : 0); }
};

/// All stages that the task needs, for so many ranks.
std::vector<StageCosts> stage_costs(const Workload& work, int ranks);

}  // namespace goracs
