#pragma once

#include "data/dataset.hpp"

namespace goracs {

/// Samples that are there already, in Alpaca JSON files; negatives come from the test file or are drawn from the item list less the titles in
/// input and output.
Dataset read_alpaca_dataset(const DatasetSettings& settings, const ReadEvents& events);

}  // namespace goracs
