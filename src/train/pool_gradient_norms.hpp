#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "train/gradient_norm.hpp"

namespace goracs {

/// Gradient norm and loss of every sample; NaN where not computed yet, so that a stopped pass goes on from a saved table.
struct GradientNormTable {
  std::vector<double> norm, loss;
  explicit GradientNormTable(std::size_t samples);
  bool has(std::int64_t i) const;
};

/// Fills the table for the whole pool: batches of similar length, one a rank and round. Every rank has the same table after each round,
/// whatever the number of ranks, and `should_stop` may save it. False when it was stopped.
///   batch_tokens: tokens of a batch, padding included
bool fill_gradient_norms(const Llama& model, const Adapter& adapter, std::span<const TrainingSample> samples,
                         const GradientNormSettings& settings, std::int64_t batch_tokens, GradientNormTable& table, Communicator& world,
                         const std::function<bool(std::int64_t samples_done)>& should_stop);

/// Pearson's correlation; NaN when one side does not vary.
double correlation(std::span<const double> a, std::span<const double> b);

}  // namespace goracs
