#include "stages/title_embeddings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "comm/agreement.hpp"
#include "eval/predictions.hpp"
#include "stages/long_loop.hpp"

namespace goracs {
namespace {

constexpr const char* kTable = "/table";

std::string_view stripped(std::string_view text, std::string_view characters) {
  const std::size_t first = text.find_first_not_of(characters);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(characters) - first + 1);
}

std::vector<TokenId> tokens_of(const std::string& title, const Tokenizer& tokenizer) {
  std::vector<TokenId> tokens = tokenizer.encode(title);
  const SpecialIds& special = tokenizer.special();
  if (tokens.empty()) tokens.push_back(special.bos.value_or(special.eos.value_or(0)));
  return tokens;
}

}  // namespace

std::string item_text(std::string_view title) {
  constexpr std::string_view kSpaces = " \t\n\v\f\r";
  return std::string(stripped(stripped(title, kSpaces), "\""));
}

TitleEmbeddings::TitleEmbeddings(StageContext& context, const LanguageModel& model, const std::vector<std::string>& titles,
                                 std::string state)
    : context_(context),
      model_(model),
      state_(std::move(state)),
      table_(static_cast<std::int64_t>(titles.size()), model.llama().config().hidden_size) {
  for (const std::string& title : titles) titles_.push_back(tokens_of(title, model.tokenizer()));
  std::fill_n(table_.data(), table_.rows() * table_.cols(), std::numeric_limits<float>::quiet_NaN());
}

bool TitleEmbeddings::fill() {
  const std::int64_t before = restore();
  LongLoop loop(context_, state_, "titles", table_.rows(), before, [&](const std::filesystem::path& path) { save(path); });
  const std::vector<std::span<const TokenId>> sequences(titles_.begin(), titles_.end());
  return fill_title_embeddings(model_.llama(), sequences, static_cast<std::int64_t>(kTitleBatch.tokens), table_, context_.world(),
                               [&](std::int64_t titles_done) { return loop.stops(titles_done); });
}

/// How many titles are done.
std::int64_t TitleEmbeddings::restore() {
  const auto saved = context_.saved_state(state_);
  together(context_.world(), [&] {
    if (saved) H5File::open(*saved).read_rows<float>(kTable, 0, table_);
  });
  std::int64_t done = 0;
  for (std::int64_t i = 0; i < table_.rows(); ++i) done += std::isnan(table_(i, 0)) ? 0 : 1;
  return done;
}

void TitleEmbeddings::save(const std::filesystem::path& path) const {
  H5File file = H5File::create(path);
  file.create_matrix<float>(kTable, table_.rows(), table_.cols());
  file.write_rows<float>(kTable, 0, table_);
  file.close();
}

}  // namespace goracs
