// Times preparation and tokenising for data_bench.py; prints one JSON object.
//   bench_data prepare RAW_FOLDER OUT THREADS    an Amazon Games data set (data_games.py) to train.json, valid.json, test.json
//   bench_data prompts ML_100K_FOLDER OUT        10,000 SeqRec prompts of MovieLens-100k as a JSON array of texts
//   bench_data tokenise TOKENIZER_FOLDER TEXTS   texts (a JSON array) with a fresh tokenizer, best of three; ids summed for comparison
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "data/alpaca_file.hpp"
#include "data/dataset.hpp"
#include "data/prompt_template.hpp"
#include "data/tokenizer.hpp"

namespace {

using namespace goracs;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void prepare(const std::filesystem::path& raw, const std::filesystem::path& out, std::int64_t threads) {
  const auto start = Clock::now();
  DatasetSettings settings;
  settings.format = DataFormat::kAmazonGames;
  settings.domain = Domain::kGames;
  settings.reviews = raw / "Video_Games_5.json";
  settings.metadata = raw / "meta_Video_Games.json";
  settings.items = raw / "id2name.txt";
  settings.threads = threads;
  const Dataset dataset = read_dataset(settings);
  const double read_seconds = seconds_since(start);
  std::filesystem::create_directories(out);
  write_alpaca_file(out / "train.json", dataset.train, {}, {}, threads);
  write_alpaca_file(out / "valid.json", dataset.valid, {}, {}, threads);
  write_alpaca_file(out / "test.json", dataset.test, dataset.items, dataset.negatives, threads);
  fmt::print("{{\"seconds\": {:.4f}, \"read_seconds\": {:.4f}, \"samples\": {}}}\n", seconds_since(start), read_seconds,
             dataset.train.size() + dataset.valid.size() + dataset.test.size());
}

void prompts(const std::filesystem::path& folder, const std::filesystem::path& out) {
  constexpr std::int64_t kPrompts = 10'000;
  DatasetSettings settings;
  settings.reviews = folder / "ml-100k.inter";
  settings.metadata = folder / "ml-100k.item";
  settings.max_train = kPrompts;
  const Dataset dataset = read_dataset(settings);
  const PromptTemplate alpaca = PromptTemplate::named("alpaca");
  nlohmann::json texts = nlohmann::json::array();
  for (std::int64_t i = 0; i < dataset.train.size(); ++i) {
    const SampleView sample = dataset.train[i];
    texts.push_back(alpaca.text(sample.instruction, sample.input, sample.output));
  }
  std::ofstream(out) << texts.dump();
}

void tokenise(const std::filesystem::path& folder, const std::string& texts_path) {
  constexpr int kRepeats = 3;
  std::ifstream in(texts_path);
  const auto texts = nlohmann::json::parse(in).get<std::vector<std::string>>();
  double best = 0, best_cpu = 0;
  std::int64_t tokens = 0, sum = 0;
  for (int k = 0; k < kRepeats; ++k) {
    const auto tokenizer = open_tokenizer(folder);
    tokens = sum = 0;
    const auto start = Clock::now();
    const std::clock_t start_cpu = std::clock();
    for (const std::string& text : texts) {
      const auto ids = tokenizer->encode(text);
      tokens += static_cast<std::int64_t>(ids.size());
      for (const TokenId id : ids) sum += id;
    }
    const double seconds = seconds_since(start);
    const double cpu_seconds = static_cast<double>(std::clock() - start_cpu) / CLOCKS_PER_SEC;
    best = k == 0 ? seconds : std::min(best, seconds);
    best_cpu = k == 0 ? cpu_seconds : std::min(best_cpu, cpu_seconds);
  }
  fmt::print("{{\"seconds\": {:.4f}, \"cpu_seconds\": {:.4f}, \"tokens\": {}, \"sum\": {}}}\n", best, best_cpu, tokens, sum);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 4 && words[0] == "prepare") {
    prepare(words[1], words[2], std::stoll(words[3]));
  } else if (words.size() == 3 && words[0] == "prompts") {
    prompts(words[1], words[2]);
  } else if (words.size() == 3 && words[0] == "tokenise") {
    tokenise(words[1], words[2]);
  } else {
    fmt::print(stderr, "bench_data prepare RAW_FOLDER OUT THREADS | prompts ML_100K_FOLDER OUT | tokenise TOKENIZER_FOLDER TEXTS\n");
    return 2;
  }
  return 0;
}
