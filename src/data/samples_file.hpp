#pragma once

#include "artifact/h5.hpp"
#include "data/dataset.hpp"

namespace goracs {

/// samples.h5: for each split instruction, input, output, user (text) and label (class, -1 for SeqRec), and where the input shows the history's
/// titles (history_offset (N + 1), history_span (titles, 2): first byte and bytes of each, oldest first); /test/negatives (T, 99) rows of
/// /items/{title,id} for SeqRec, /classes for CTRPre.
void write_samples(H5File& file, const Dataset& dataset);

/// One split: "train", "valid" or "test". Errors: kInput when columns differ in length or a span lies outside its input.
SampleTable read_samples(const H5File& file, const std::string& split);
ItemList read_items(const H5File& file);
std::vector<std::int64_t> read_negatives(const H5File& file);
std::vector<std::string> read_classes(const H5File& file);

}  // namespace goracs
