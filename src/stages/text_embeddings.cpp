#include "stages/text_embeddings.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "comm/agreement.hpp"
#include "model/batch_rounds.hpp"
#include "model/device.hpp"
#include "model/length_batches.hpp"
#include "model/token_batch.hpp"
#include "stages/batch_tokens.hpp"
#include "stages/long_loop.hpp"

namespace goracs {
namespace {

constexpr const char* kEmbeddingsState = "embeddings.h5";
constexpr const char* kEmbeddings = "/table";
constexpr const char* kBatchesDone = "/batches_done";

}  // namespace

TextEmbeddings::TextEmbeddings(StageContext& context) : context_(context) {
  const Config& config = context.config();
  ModelShapes models;
  together(context.world(), [&] { models.encoder = EncoderConfig::read(config.encoder.path); });
  const auto plan_of = [&](double tokens) {
    const auto longest = static_cast<double>(std::min(config.encoder.max_length, models.encoder.max_length()));
    return memory_plan(Stage::kEmbed, config, models, {tokens, longest}, context.world().size());
  };
  batch_tokens_ = batch_tokens(context, config.encoder.batch_tokens, plan_of);
  together(context.world(), [&] {
    check_fits(plan_of(static_cast<double>(batch_tokens_)), FreeMemory::here(context.world().local_size()));
    encoder_ = Encoder::load(context.config().encoder.path, model_device());
    tokenizer_ = open_tokenizer(context.config().encoder.path);
  });
}

void TextEmbeddings::add_texts(const std::vector<std::string>& texts) {
  EncodeOptions options;
  options.max_length = std::min(context_.config().encoder.max_length, encoder_.config().max_length());
  for (const std::string& text : texts) {
    tokens_.push_back(tokenizer_->encode(text, options));
    GORACS_CHECK_INPUT(!tokens_.back().empty(), "{}: text {} gives no token", context_.config().encoder.path.string(), tokens_.size() - 1);
  }
}

bool TextEmbeddings::fill() {
  std::vector<std::int64_t> lengths;
  for (const auto& tokens : tokens_) lengths.push_back(static_cast<std::int64_t>(tokens.size()));
  auto batches = length_batches(lengths, batch_tokens_);
  if (context_.world().is_root()) table_ = Matrix<float>(size(), encoder_.config().hidden_size);

  const std::int64_t before = restore();
  std::vector<std::int64_t> done_after = {0};  // texts done after each batch
  for (const auto& batch : batches) done_after.push_back(done_after.back() + static_cast<std::int64_t>(batch.size()));
  batches.erase(batches.begin(), batches.begin() + before);
  std::int64_t batches_done = before;
  LongLoop loop(context_, kEmbeddingsState, "samples", size(), done_after[static_cast<std::size_t>(before)],
                [&](const std::filesystem::path& path) { save(path, batches_done); });

  BatchWork work;
  work.result = context_.config().encoder.path.string() + ": the vector of text";
  work.width = encoder_.config().hidden_size;
  work.compute = [&](const std::vector<std::int64_t>& batch) { return embedded(batch); };
  work.store = [&](std::int64_t i, std::span<const double> row) {
    if (table_.rows() > 0) std::ranges::transform(row, table_.row(i).begin(), [](double x) { return static_cast<float>(x); });
  };
  work.should_stop = [&](std::int64_t batches_of_this_start) {
    batches_done = before + batches_of_this_start;
    return loop.stops(done_after[static_cast<std::size_t>(batches_done)]);
  };
  return in_rounds(batches, work, context_.world());
}

Matrix<double> TextEmbeddings::embedded(const std::vector<std::int64_t>& batch) const {
  std::vector<std::span<const std::int32_t>> sequences;
  for (const std::int64_t i : batch) sequences.emplace_back(tokens_[static_cast<std::size_t>(i)]);
  TokenBatch padded = TokenBatch::padded_right(sequences);
  padded.ids.masked_fill_(padded.mask().logical_not(), encoder_.config().pad_token_id);
  return host_matrix(encoder_.mean_pooled(padded.ids, padded.length));
}

std::int64_t TextEmbeddings::restore() {
  std::int64_t batches_done = 0;
  const auto saved = context_.saved_state(kEmbeddingsState);
  on_root(context_.world(), [&] {
    if (!saved) return;
    const H5File file = H5File::open(*saved);
    file.read_rows<float>(kEmbeddings, 0, table_);
    batches_done = file.read<std::int64_t>(kBatchesDone, {1}).front();
  });
  context_.world().broadcast(std::span<std::int64_t>(&batches_done, 1), 0);
  return batches_done;
}

void TextEmbeddings::save(const std::filesystem::path& path, std::int64_t batches_done) const {
  H5File file = H5File::create(path);
  file.create_matrix<float>(kEmbeddings, table_.rows(), table_.cols());
  file.write_rows<float>(kEmbeddings, 0, table_);
  file.write(kBatchesDone, std::span<const std::int64_t>(&batches_done, 1));
  file.close();
}

void TextEmbeddings::write_rows(H5File& file, const std::string& dataset, std::int64_t first, std::int64_t count,
                                const std::string& description) const {
  file.create_matrix<float>(dataset, count, table_.cols(), description);
  file.write_rows<float>(dataset, 0, table_.view().rows_from(first, count));
}

}  // namespace goracs
