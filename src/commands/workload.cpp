#include "commands/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/config_file.hpp"
#include "data/dataset.hpp"

namespace goracs {
namespace {

constexpr double kBytesPerToken = 4;      ///< of English text, in every tokenizer tried
constexpr double kTemplateTokens = 80;    ///< Alpaca's preamble, an instruction, the marks
constexpr double kTitleTokens = 24;       ///< of a generated title, where nothing was measured
constexpr double kPublishedTokens = 230;  ///< ten titles and the template

/// Samples after rule 3 of each Amazon set (SPEC 1).
std::int64_t published_samples(const std::string& format) {
  constexpr std::int64_t kGames = 149796, kMovies = 114594, kFood = 43293;
  return format == "amazon_games" ? kGames : format == "amazon_movies" ? kMovies : kFood;
}

double bytes_of(const SampleTable& table) {
  double bytes = 0;
  for (std::int64_t i = 0; i < table.size(); ++i) {
    const SampleView sample = table[i];
    bytes += static_cast<double>(sample.instruction.size() + sample.input.size() + sample.output.size());
  }
  return bytes;
}

void count_samples(const Config& config, Workload& work) {
  const Dataset data = read_dataset(dataset_settings(config));
  work.num_train = data.train.size();
  work.num_valid = data.valid.size();
  work.num_test = data.test.size();
  work.num_items = static_cast<std::int64_t>(data.items.titles.size());
  work.text_bytes = bytes_of(data.train) + bytes_of(data.valid) + bytes_of(data.test);
  const auto samples = static_cast<double>(std::max<std::int64_t>(1, work.num_train + work.num_valid + work.num_test));
  work.tokens = std::min(kTemplateTokens + work.text_bytes / samples / kBytesPerToken, static_cast<double>(config.prompt.cutoff_len));
  work.assumptions += fmt::format("samples counted; {:.0f} tokens a sample from {:.0f} bytes a token\n", work.tokens, kBytesPerToken);
}

/// At most so many, where the config says so.
std::int64_t kept(std::int64_t samples, std::int64_t most) { return most > 0 ? std::min(samples, most) : samples; }

void assume_published(const Config& config, Workload& work) {
  constexpr std::int64_t kItems = 17000, kTextBytes = 700;
  const std::int64_t all = published_samples(config.data.format);
  const std::int64_t valid = split_size(config.data.valid_size.value_or(0.1), all),
                     test = split_size(config.data.test_size.value_or(0.1), all);
  work.num_train = kept(all - valid - test, config.data.max_train);
  work.num_valid = kept(valid, config.data.max_valid);
  work.num_test = kept(test, config.data.max_test);
  work.num_items = config.is_ctrpre() ? 0 : kItems;
  work.tokens = std::min(kPublishedTokens, static_cast<double>(config.prompt.cutoff_len));
  work.text_bytes = static_cast<double>(all * kTextBytes);
  work.assumptions += fmt::format("{} samples, the published count of {}; {:.0f} tokens and {} bytes a sample; {} items\n", all,
                                  config.data.format, work.tokens, kTextBytes, work.num_items);
}

bool is_small(const DataConfig& data) {
  constexpr std::uintmax_t kSmall = std::uintmax_t{64} << 20;
  return !data.format.starts_with("amazon") ||
         (std::filesystem::exists(data.reviews) && std::filesystem::file_size(data.reviews) <= kSmall);
}

}  // namespace

Workload workload_of(const Config& config) {
  Workload work;
  work.name = config.run.name;
  work.config = config;
  work.llama = LlamaConfig::read(config.model.path);
  work.encoder = EncoderConfig::read(config.encoder.path);
  if (is_small(config.data))
    count_samples(config, work);
  else
    assume_published(config, work);
  if (!config.is_ctrpre()) {
    work.answer_tokens = std::min(kTitleTokens, static_cast<double>(config.evaluate.max_new_tokens));
    work.assumptions += fmt::format("{:.0f} generated tokens an answer (at most {})\n", work.answer_tokens, config.evaluate.max_new_tokens);
  }
  return work;
}

Workload games_workload(const std::string& task) {
  Workload work;
  work.name = task + " on Amazon Video Games, LLaMA-7B";
  work.config = default_config(task);
  work.config.data.format = "amazon_games";
  work.config.data.valid_size = work.config.data.test_size = 5000;
  work.config.model.dtype = "bfloat16";
  work.llama.vocab_size = 32000;
  work.llama.hidden_size = 4096;
  work.llama.intermediate_size = 11008;
  work.llama.num_layers = 32;
  work.llama.num_heads = work.llama.num_key_value_heads = 32;
  work.llama.head_dim = 128;
  work.encoder.kind = EncoderKind::kRoberta;
  work.encoder.vocab_size = 50265;
  work.encoder.hidden_size = 768;
  work.encoder.intermediate_size = 3072;
  work.encoder.num_layers = 12;
  work.encoder.num_heads = 12;
  assume_published(work.config, work);
  if (task == "seqrec") work.answer_tokens = kTitleTokens;
  return work;
}

}  // namespace goracs
