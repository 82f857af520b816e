// Figures of our models for hugging_face.py to compare, in float32.
//   model_figures logits MODEL ADAPTER|none TEXTS.json OUT.h5    /logits (texts, V) behind each text, /ids and /offsets
//   model_figures embeddings ENCODER TEXTS.json OUT.h5           /embeddings (texts, d), /ids and /offsets
#include <ATen/Functions.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "data/tokenizer.hpp"
#include "model/encoder.hpp"
#include "model/llama.hpp"
#include "model/token_batch.hpp"

namespace {

using namespace goracs;

/// Texts as token ids, at most `most` each (0: all).
std::vector<std::vector<TokenId>> encoded(const std::string& folder, const std::string& texts_path, std::int64_t most) {
  std::ifstream in(texts_path);
  const auto tokenizer = open_tokenizer(folder);
  std::vector<std::vector<TokenId>> ids;
  for (const auto& text : nlohmann::json::parse(in)) ids.push_back(tokenizer->encode(text.get<std::string>(), {.max_length = most}));
  return ids;
}

void write(const std::string& path, const char* name, const at::Tensor& rows, const std::vector<std::vector<TokenId>>& ids) {
  std::vector<std::int64_t> flat, offsets = {0};
  for (const auto& row : ids) {
    flat.insert(flat.end(), row.begin(), row.end());
    offsets.push_back(static_cast<std::int64_t>(flat.size()));
  }
  H5File file = H5File::create(path);
  file.write<float>(name, {rows.size(0), rows.size(1)}, {rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())});
  file.write<std::int64_t>("ids", flat);
  file.write<std::int64_t>("offsets", offsets);
  file.close();
}

TokenBatch batch_of(const std::vector<std::vector<TokenId>>& ids) {
  const std::vector<std::span<const TokenId>> sequences(ids.begin(), ids.end());
  return TokenBatch::padded_right(sequences);
}

/// All texts in one batch: padding must not matter.
void logits(const std::string& folder, const std::string& adapter_folder, const std::string& texts, const std::string& out) {
  const auto ids = encoded(folder, texts, 0);
  const Llama model = Llama::load(folder, at::kFloat);
  std::optional<Adapter> adapter;
  if (adapter_folder != "none") adapter = Adapter::load(adapter_folder, model.config());
  const TokenBatch batch = batch_of(ids);
  const at::Tensor hidden = model.hidden_states(batch.ids, adapter ? &*adapter : nullptr).flatten(0, 1);
  std::vector<std::int64_t> last;
  for (std::int64_t b = 0; b < batch.size(); ++b) last.push_back(batch.row(b, batch.length[static_cast<std::size_t>(b)] - 1));
  write(out, "logits", model.logits(hidden.index_select(0, at::tensor(last, at::kLong))).contiguous(), ids);
}

void embeddings(const std::string& folder, const std::string& texts, const std::string& out) {
  const Encoder encoder = Encoder::load(folder);
  const auto ids = encoded(folder, texts, encoder.config().max_length());
  const TokenBatch batch = batch_of(ids);
  write(out, "embeddings", encoder.mean_pooled(batch.ids, batch.length).contiguous(), ids);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const at::NoGradGuard no_graph;
  if (words.size() == 5 && words[0] == "logits") {
    logits(words[1], words[2], words[3], words[4]);
  } else if (words.size() == 4 && words[0] == "embeddings") {
    embeddings(words[1], words[2], words[3]);
  } else {
    fmt::print(stderr, "model_figures logits MODEL ADAPTER|none TEXTS.json OUT.h5 | embeddings ENCODER TEXTS.json OUT.h5\n");
    return 2;
  }
  return 0;
}
