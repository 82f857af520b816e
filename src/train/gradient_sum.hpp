#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs {

/// The sum of all micro-batches' gradients, ((g_0 + g_1) + g_2) + ..., element by element in micro-batch order: the same bits for any number
/// of ranks. Micro-batch b is rank b mod R's; `local` holds this rank's, in ascending b. The result is on every rank.
///
/// 4 micro-batches, 3 ranks, parameters in 3 blocks x y z (rank r sums block r):
///   rank 0 has g0 g3      sends  y of g0 g3 to 1, z of g0 g3 to 2     sums x: g0 + g1 + g2 + g3
///   rank 1 has g1         sends  x of g1 to 0, z of g1 to 2           sums y
///   rank 2 has g2         sends  x of g2 to 0, y of g2 to 1           sums z
///   then all ranks gather x y z. Each gradient travels once, each sum once.
std::vector<float> sum_in_order(const std::vector<std::vector<float>>& local, std::int64_t num_micro_batches, std::int64_t num_parameters,
                                Communicator& world);

}  // namespace goracs
