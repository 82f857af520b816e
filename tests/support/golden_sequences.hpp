#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "artifact/h5.hpp"

namespace goracs::test {

/// The rows of a padded (B, T) dataset without their padding, and where each began.
struct GoldenSequences {
  std::vector<std::vector<std::int32_t>> ids;
  std::vector<std::int64_t> first;
  std::int64_t columns = 0;
};

inline GoldenSequences golden_sequences(const H5File& file, const std::string& ids_name = "input_ids",
                                        const std::string& mask_name = "attention_mask") {
  const Shape shape = file.shape(ids_name);
  const auto ids = file.read<std::int64_t>(ids_name), mask = file.read<std::int64_t>(mask_name);
  GoldenSequences sequences;
  sequences.columns = shape[1];
  for (std::int64_t b = 0; b < shape[0]; ++b) {
    std::vector<std::int32_t> row;
    std::int64_t first = -1;
    for (std::int64_t t = 0; t < shape[1]; ++t) {
      const auto k = static_cast<std::size_t>(b * shape[1] + t);
      if (mask[k] == 0) continue;
      if (first < 0) first = t;
      row.push_back(static_cast<std::int32_t>(ids[k]));
    }
    sequences.ids.push_back(std::move(row));
    sequences.first.push_back(first);
  }
  return sequences;
}

/// The first label of a row: everything from there on is labelled with its own id, nothing before is (-100).
inline std::int64_t golden_first_label(const std::vector<std::int32_t>& ids, const std::int64_t* labels) {
  constexpr std::int64_t kIgnored = -100;
  const auto length = static_cast<std::int64_t>(ids.size());
  const std::int64_t first = std::find_if(labels, labels + length, [](std::int64_t label) { return label != kIgnored; }) - labels;
  for (std::int64_t t = first; t < length; ++t)
    if (labels[t] != ids[static_cast<std::size_t>(t)]) throw std::runtime_error("golden labels are not the ids from one token on");
  return first;
}

}  // namespace goracs::test
