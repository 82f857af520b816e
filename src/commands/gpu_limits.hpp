#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "commands/stage_costs.hpp"

namespace goracs {

/// A card's published limits (the maker's data sheets); nothing of ours was ever measured on one.
struct GpuLimits {
  std::string_view name, words;
  double bfloat16_flops, float32_flops;  ///< dense, a second
  double memory_bytes_per_second, memory_bytes;
  double link_bytes_per_second;  ///< to the other cards of its host, one direction
};

inline constexpr std::array<GpuLimits, 3> kGpus{{
    {"a100-80", "NVIDIA A100 SXM 80 GB", 312e12, 19.5e12, 2.039e12, 80e9, 300e9},
    {"h100-80", "NVIDIA H100 SXM 80 GB", 989e12, 66.9e12, 3.35e12, 80e9, 450e9},
    {"4090-24", "NVIDIA GeForce RTX 4090 24 GB", 165.2e12, 82.6e12, 1.008e12, 24e9, 32e9},
}};
inline constexpr int kGpusOfHost = 8;
inline constexpr double kNetworkBytesPerSecond = 25e9;  ///< 200 Gbit/s between hosts, assumed

/// Least seconds that a stage takes on so many cards: arithmetic or memory traffic, whichever is longer, then what is sent, then what is serial.
double least_seconds(const StageCosts& costs, const GpuLimits& gpu, int gpus);

/// The expected times of a workload on 1, 8 and 64 cards, every figure marked as calculated and never measured.
std::string gpu_plan(const Workload& work, const GpuLimits& gpu);

}  // namespace goracs
