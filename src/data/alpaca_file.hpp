#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "data/item_list.hpp"
#include "data/sample_table.hpp"

namespace goracs {

/// One object of an Alpaca JSON file.
struct AlpacaSample {
  std::string user, instruction, input, output;
  std::optional<std::vector<std::string>> negatives;  ///< neg_samples, where the file has them
};

/// An Alpaca JSON file: an array of objects with instruction, output and mostly input; "user id" and neg_samples are read where they stand,
/// other keys are ignored. `sample` gets them one after the other with their number from 0.
/// Errors: kInput naming file and sample.
void read_alpaca_file(const std::filesystem::path& file, const std::function<void(AlpacaSample&& sample, std::int64_t number)>& sample);

/// The samples in this form, one a line; with `negatives` ((samples, 99) rows of `items`) also neg_samples. `threads` put them into this form.
/// Errors: kIo.
void write_alpaca_file(const std::filesystem::path& file, const SampleTable& samples, const ItemList& items = {},
                       std::span<const std::int64_t> negatives = {}, std::int64_t threads = 1);

}  // namespace goracs
