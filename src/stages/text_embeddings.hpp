#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "data/tokenizer.hpp"
#include "model/encoder.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// Vectors of many texts by the encoder (SPEC 3), (texts, d) float32: batches of similar length, one a rank and round; the table itself is on
/// rank 0 alone.
class TextEmbeddings {
 public:
  /// Loads the encoder. Collective. Errors: kInput; kUsage where it does not fit.
  explicit TextEmbeddings(StageContext& context);

  /// Errors: kInput when a text gives no token.
  void add_texts(const std::vector<std::string>& texts);
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(tokens_.size()); }

  /// Goes on from the saved state, if any. False: stopped, and saved. Collective.
  /// Errors: kNumeric naming the text whose vector is not finite.
  bool fill();

  /// Rows first .. first + count - 1 as a dataset. Rank 0 alone.
  void write_rows(H5File& file, const std::string& dataset, std::int64_t first, std::int64_t count, const std::string& description) const;

 private:
  Matrix<double> embedded(const std::vector<std::int64_t>& batch) const;
  std::int64_t restore();
  void save(const std::filesystem::path& path, std::int64_t batches_done) const;

  StageContext& context_;
  std::int64_t batch_tokens_ = 0;
  Encoder encoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::vector<std::vector<TokenId>> tokens_;
  Matrix<float> table_;
};

}  // namespace goracs
