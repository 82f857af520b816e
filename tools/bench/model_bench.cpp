// Times embedding and the way to the first logits for model_bench.py.
//   bench_model embed ENCODER_FOLDER TEXTS.json OUT.h5 THREADS    texts to /embeddings (texts, d); prints wall and CPU seconds, loading not counted
//   bench_model first MODEL_FOLDER TEXT THREADS                   loads, prints the ten largest logits behind the text as "id logit"
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifact/h5.hpp"
#include "data/tokenizer.hpp"
#include "model/encoder.hpp"
#include "model/length_batches.hpp"
#include "model/llama.hpp"
#include "model/token_batch.hpp"

namespace {

using namespace goracs;

constexpr std::int64_t kBatchTokens = 4096;  // encoder.batch_tokens: auto

void embed(const std::string& folder, const std::string& texts_path, const std::string& out) {
  std::ifstream in(texts_path);
  const auto texts = nlohmann::json::parse(in).get<std::vector<std::string>>();
  const Encoder encoder = Encoder::load(folder);
  const auto tokenizer = open_tokenizer(folder);

  const auto start = std::chrono::steady_clock::now();
  const std::clock_t start_cpu = std::clock();
  std::vector<std::vector<TokenId>> ids;
  std::vector<std::int64_t> lengths;
  for (const std::string& text : texts) {
    ids.push_back(tokenizer->encode(text, {.max_length = encoder.config().max_length()}));
    lengths.push_back(static_cast<std::int64_t>(ids.back().size()));
  }
  const at::Tensor rows = at::empty({static_cast<std::int64_t>(texts.size()), encoder.config().hidden_size}, at::kFloat);
  for (const auto& batch : length_batches(lengths, kBatchTokens)) {
    std::vector<std::span<const TokenId>> sequences;
    for (const auto i : batch) sequences.emplace_back(ids[static_cast<std::size_t>(i)]);
    const TokenBatch tokens = TokenBatch::padded_right(sequences);
    rows.index_copy_(0, at::tensor(batch, at::kLong), encoder.mean_pooled(tokens.ids, tokens.length));
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double cpu_seconds = static_cast<double>(std::clock() - start_cpu) / CLOCKS_PER_SEC;

  H5File file = H5File::create(out);
  file.write<float>("embeddings", {rows.size(0), rows.size(1)}, {rows.data_ptr<float>(), static_cast<std::size_t>(rows.numel())});
  file.close();
  fmt::print("{} {}\n", seconds, cpu_seconds);
}

void first_logits(const std::string& folder, const std::string& text) {
  constexpr std::int64_t kShown = 10;
  const Llama model = Llama::load(folder, at::kFloat);
  const auto ids = open_tokenizer(folder)->encode(text);
  const at::Tensor tokens = at::tensor(std::vector<std::int64_t>(ids.begin(), ids.end()), at::kLong).unsqueeze(0);
  const at::Tensor hidden = model.hidden_states(tokens);
  const auto [values, indices] = model.logits(hidden[0][-1]).topk(kShown);
  for (std::int64_t k = 0; k < kShown; ++k) fmt::print("{} {}\n", indices[k].item<std::int64_t>(), values[k].item<float>());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const at::NoGradGuard no_graph;
  if (words.size() == 5 && words[0] == "embed") {
    at::set_num_threads(std::stoi(words[4]));
    embed(words[1], words[2], words[3]);
  } else if (words.size() == 4 && words[0] == "first") {
    at::set_num_threads(std::stoi(words[3]));
    first_logits(words[1], words[2]);
  } else {
    fmt::print(stderr, "bench_model embed ENCODER_FOLDER TEXTS.json OUT.h5 THREADS | first MODEL_FOLDER TEXT THREADS\n");
    return 2;
  }
  return 0;
}
