#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/matrix.hpp"
#include "data/tokenizer.hpp"
#include "stages/language_model.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// An item's title as it is embedded: without outer spaces, then without quotes at both ends (SPEC 3).
std::string item_text(std::string_view title);

/// Vectors of many titles by the bare language model, (titles, h), saved and stopped like every long loop; of items and of generated titles
/// alike.
class TitleEmbeddings {
 public:
  /// `state`: the name of the saved state. A title of no token stands as what the tokenizer begins or ends texts with.
  TitleEmbeddings(StageContext& context, const LanguageModel& model, const std::vector<std::string>& titles, std::string state);

  /// Goes on from the saved state, if any. False: stopped, and saved. Collective.
  bool fill();
  /// The same on every rank.
  const Matrix<float>& table() const& noexcept { return table_; }
  Matrix<float> table() && noexcept { return std::move(table_); }

 private:
  std::int64_t restore();
  void save(const std::filesystem::path& path) const;

  StageContext& context_;
  const LanguageModel& model_;
  std::string state_;
  std::vector<std::vector<TokenId>> titles_;
  Matrix<float> table_;
};

}  // namespace goracs
