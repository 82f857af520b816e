#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/matrix.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// What errors call the tables of an input.
std::string train_name(const SelectionInput& input);
std::string valid_name(const SelectionInput& input);
std::string gradient_norm_name(const SelectionInput& input);

/// Chosen rows of an embedding table, read through blocks of it.
class EmbeddingRows {
 public:
  /// `rows`: global, ascending; must live on. `name`: what errors call the table.
  EmbeddingRows(const ReadRows& read, std::span<const std::int64_t> rows, std::int64_t dimension, std::string name)
      : read_(read), rows_(rows), dimension_(dimension), name_(std::move(name)) {}

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t dimension() const noexcept { return dimension_; }

  /// Rows first .. first + into.rows - 1 of the chosen ones. Errors: kInput naming table, row and component of a value that is not finite.
  void read(std::int64_t first, MatrixView<float> into) const;

 private:
  void check_finite(std::int64_t row, std::span<const float> values) const;

  const ReadRows& read_;
  std::span<const std::int64_t> rows_;
  std::int64_t dimension_;
  std::string name_;
};

}  // namespace goracs::itra
