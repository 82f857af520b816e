#pragma once

#include "data/dataset.hpp"

namespace goracs {

/// A data set of ratings (Amazon's files, RecBole's atomic files): histories, splits, words, items and negatives.
Dataset read_rated_dataset(const DatasetSettings& settings, const ReadEvents& events);

}  // namespace goracs
