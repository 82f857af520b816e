#include "commands/gpu_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace goracs {
namespace {

constexpr std::array<int, 3> kCounts{1, 8, 64};
constexpr double kGB = 1e9;

std::string seconds_text(double seconds) {
  constexpr double kMinute = 60, kHour = 3600;
  if (seconds >= kHour) return fmt::format("{:.1f} h", seconds / kHour);
  if (seconds >= kMinute) return fmt::format("{:.1f} min", seconds / kMinute);
  return fmt::format("{:.2g} s", seconds);
}

}  // namespace

double least_seconds(const StageCosts& costs, const GpuLimits& gpu, int gpus) {
  const double arithmetic = costs.model_flop / gpu.bfloat16_flops + costs.exact_flop / gpu.float32_flops;
  const double traffic = costs.memory_bytes / gpu.memory_bytes_per_second;
  const double link = gpus > kGpusOfHost ? std::min(gpu.link_bytes_per_second, kNetworkBytesPerSecond) : gpu.link_bytes_per_second;
  return std::max(arithmetic, traffic) / gpus + (gpus > 1 ? costs.sent_bytes / link : 0) + costs.serial_seconds;
}

std::string gpu_plan(const Workload& work, const GpuLimits& gpu) {
  std::string text =
      fmt::format("{} on {}: CALCULATED from bytes and operations at the card's published limits, NEVER MEASURED\n", work.name, gpu.words);
  text += fmt::format("  {:<10}{:>14}{:>14}{:>14}{:>20}\n", "stage", "1 GPU", "8 GPUs", "64 GPUs", "GB a GPU (1 GPU)");
  std::map<int, double> sums;
  const std::vector<StageCosts> alone = stage_costs(work, 1);
  for (std::size_t k = 0; k < alone.size(); ++k) {
    if (alone[k].stage == Stage::kPrepare) continue;  // files and text, on the host
    text += fmt::format("  {:<10}", name_of(alone[k].stage));
    for (const int gpus : kCounts) {
      const StageCosts costs = stage_costs(work, gpus)[k];
      const double seconds = least_seconds(costs, gpu, gpus);
      sums[gpus] += seconds;
      text += fmt::format("{:>14}", seconds_text(seconds));
    }
    const bool fits = alone[k].rank_bytes <= gpu.memory_bytes;
    text += fmt::format("{:>14.1f}{}\n", alone[k].rank_bytes / kGB, fits ? "" : "  does not fit: model.shard, or smaller batches");
  }
  text += fmt::format("  {:<10}", "together");
  for (const int gpus : kCounts) text += fmt::format("{:>14}", seconds_text(sums[gpus]));
  return text +
         "\n  calculated, never measured: no kernel of this program has run on a GPU, and real runs take longer than the limits say.\n"
         "  More than 8 GPUs: 200 Gbit/s between hosts. The exchanges' transport is serial, on the host (28 ms each at 5000 columns, "
         "measured on a "
         "CPU).\n";
}

}  // namespace goracs
