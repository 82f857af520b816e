#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// What happens in and between the rounds of `in_rounds`.
struct BatchWork {
  std::int64_t width = 1;  ///< numbers a sequence
  std::string result;      ///< what a row is, for errors, up to the sequence's number: "the gradient norm of sample"
  /// The rows (batch, width) of one batch, on the rank that has it; what it throws is everyone's. Not collective.
  std::function<Matrix<double>(const std::vector<std::int64_t>& batch)> compute;
  /// Behind that, on every rank, with or without a batch: Llama::meet_others. None: the ranks' computing knows nothing of each other.
  std::function<void()> meet;
  /// Behind that: whether the ranks agreed, while they computed, to give this round up. Its rows are then dropped, should_stop is called
  /// once more with the batches done before, and the work ends. None: never.
  std::function<bool()> given_up;
  /// Every row, on every rank, after the round in which it was computed.
  std::function<void(std::int64_t sequence, std::span<const double> row)> store;
  /// On every rank after each round; true ends the work. What it decides must be the same on all ranks.
  std::function<bool(std::int64_t batches_done)> should_stop;
};

/// Computes batches, one a rank and round, and hands every result to every rank, so that all hold the same table after each round. Batches do
/// not depend on the ranks, so neither do results. False when it was stopped.
/// Errors: kNumeric naming the first sequence of a batch whose row is not finite.
///   5 batches, 2 ranks:   round 0: batches 0 1   round 1: 2 3   round 2: 4 -
bool in_rounds(const std::vector<std::vector<std::int64_t>>& batches, const BatchWork& work, Communicator& world);

}  // namespace goracs
