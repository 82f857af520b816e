#pragma once

#include <cstdint>
#include <vector>

#include "itra/relaxed_transport.hpp"

namespace goracs::itra {

/// A coreset with its transport, whose slots are in another order.
struct SolvedCoreset {
  std::vector<std::int64_t> rows;  ///< (n) global, ascending
  Transport transport;
};

/// Makes a coreset of a relaxed transport (SELECTION, "Start"): again and again forbids those rows that ship least (ties: those that came last)
/// and solves from where it stands, until n are left, which are then exactly transported. All idle rows go at once, a third of what else is too
/// many at a time.
SolvedCoreset round_to_coreset(RelaxedTransport relaxed);

}  // namespace goracs::itra
