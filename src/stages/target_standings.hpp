#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "data/sample_table.hpp"
#include "eval/ranking_metrics.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// Where each test sample's target stands among itself and its negatives (SPEC 8).
struct TargetStandings {
  std::vector<std::int64_t> rank;    ///< by the distance to what the model wrote
  std::vector<Standing> popularity;  ///< by how often each title is a target of the pool
  std::vector<double> in_catalogue;  ///< 1 where what was written is a title of the item list

  /// titles, embeddings (T, h): what the model wrote for each sample. Rank 0 alone.
  /// Errors: kInput when a target is no title of the item list, naming the sample.
  static TargetStandings of(const StageContext& context, const SampleTable& test, const std::vector<std::string>& titles,
                            MatrixView<const float> embeddings);
};

}  // namespace goracs
