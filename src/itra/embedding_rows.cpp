#include "itra/embedding_rows.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace goracs::itra {
namespace {

/// Rows of a table that are read at once where the chosen ones lie apart.
constexpr std::int64_t kWindow = 64;

std::string name_or(const std::string& name, const SelectionInput& input, const char* part) {
  return name.empty() ? input.name + ": " + part : name;
}

}  // namespace

std::string train_name(const SelectionInput& input) { return name_or(input.train_name, input, "training embeddings"); }
std::string valid_name(const SelectionInput& input) { return name_or(input.valid_name, input, "validation embeddings"); }
std::string gradient_norm_name(const SelectionInput& input) { return name_or(input.gradient_norm_name, input, "gradient norms"); }

void EmbeddingRows::read(std::int64_t first, MatrixView<float> into) const {
  const auto chosen = rows_.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(into.rows));
  Matrix<float> window;
  for (std::size_t k = 0; k < chosen.size();) {
    std::size_t run = 1;
    while (k + run < chosen.size() && chosen[k + run] == chosen[k] + static_cast<std::int64_t>(run)) ++run;
    const auto begin = static_cast<std::int64_t>(k);
    if (static_cast<std::int64_t>(run) >= kWindow || k + run == chosen.size()) {
      read_(chosen[k], into.rows_from(begin, static_cast<std::int64_t>(run)));
      k += run;
      continue;
    }
    if (window.rows() == 0) window = Matrix<float>(kWindow, dimension_);
    const std::int64_t from = chosen[k], rows = std::min(kWindow, chosen.back() + 1 - from);
    read_(from, window.view().rows_from(0, rows));
    for (; k < chosen.size() && chosen[k] < from + rows; ++k)
      std::ranges::copy(window.row(chosen[k] - from), into.row(static_cast<std::int64_t>(k)).begin());
  }
  for (std::int64_t k = 0; k < into.rows; ++k) check_finite(chosen[static_cast<std::size_t>(k)], into.row(k));
}

void EmbeddingRows::check_finite(std::int64_t row, std::span<const float> values) const {
  float sum = 0;  // NaN as soon as one value is infinite or NaN
  for (const float value : values) sum += value * 0.0F;
  if (sum == 0) return;
  const auto bad = std::ranges::find_if_not(values, [](float value) { return std::isfinite(value); });
  GORACS_CHECK_INPUT(bad == values.end(), "{}: row {}, component {} is {}, expected a finite number", name_, row, bad - values.begin(),
                     *bad);
}

}  // namespace goracs::itra
