#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace goracs {

// One struct per section, members named as the keys of INTERFACE; what each means, its default and its range stand in config_fields.hpp,
// one line per parameter. Values are resolved: defaults that depend on the task or the format are filled in.
//   std::optional: none = auto          empty path: none          choices are checked texts

struct RunConfig {
  std::string name, device;
  std::optional<std::int64_t> threads;
  double deadline_seconds = 0;
  std::string stop_signal, walltime;
  double checkpoint_seconds = 0;
};

struct DataConfig {
  std::string name, format;
  std::filesystem::path reviews, metadata, items, train, valid, test;
  std::optional<double> valid_size, test_size;  ///< a count, or a share when below 1; none for format alpaca
  std::vector<std::string> classes;             ///< empty: auto
  std::string title_column;
  std::int64_t skip_bad_lines = 0, max_train = 0, max_valid = 0, max_test = 0;
  std::string title_rule;
  std::int64_t seed = 0;
};

struct PromptConfig {
  std::string template_name, domain;  ///< key prompt.template: a name or a path
  std::int64_t cutoff_len = 0;
  std::string truncate;
};

struct EncoderKeys {
  std::filesystem::path path;
  std::int64_t max_length = 0;
  std::optional<std::int64_t> batch_tokens;
};

struct ModelKeys {
  std::filesystem::path path;
  std::string dtype;
  std::filesystem::path adapter;  ///< empty: none
  bool shard = false;
};

struct GradsConfig {
  bool train_on_inputs = false;
  double dropout = 0;
  bool label_first = false;
  std::optional<std::int64_t> batch_tokens;
  std::int64_t seed = 0;
};

struct SelectConfig {
  std::string method;
  std::int64_t budget = 0;
  double lambda = 0;
  std::int64_t max_exchanges = 0, exchange_candidates = 0;
  double time_limit = 0, gap = 0;
  std::string distance_scale, order_statistic, inner_potential, pair_order;
  bool label_enhanced = false;
};

struct LoraConfig {
  std::int64_t r = 0;
  double alpha = 0, dropout = 0;
  std::vector<std::string> target_modules;
};

struct FinetuneConfig {
  std::int64_t epochs = 0;
  double learning_rate = 0;
  std::int64_t batch_size = 0, micro_batch_size = 0, warmup_steps = 0;
  double weight_decay = 0, max_grad_norm = 0;
  std::int64_t eval_steps = 0, patience = 0;
  bool group_by_length = false, label_first = false;
  std::string checkpoint_layers;
  std::int64_t keep = 0;
};

struct EvaluateConfig {
  std::int64_t num_beams = 0, max_new_tokens = 0;
  std::string length_norm;
  std::optional<std::int64_t> batch_tokens;
  std::vector<std::int64_t> top_k;
  std::string adapter;  ///< tuned, start, none, or a path
};

struct SweepConfig {
  std::vector<std::string> method;
  std::vector<double> lambda;
  std::vector<std::int64_t> budget, seed;
};

struct Config {
  std::string task;
  std::int64_t seed = 0;
  std::filesystem::path work_dir;
  RunConfig run;
  DataConfig data;
  PromptConfig prompt;
  EncoderKeys encoder;
  ModelKeys model;
  GradsConfig grads;
  SelectConfig select;
  LoraConfig lora;
  FinetuneConfig finetune;
  EvaluateConfig evaluate;
  SweepConfig sweep;

  bool is_ctrpre() const { return task == "ctrpre"; }
};

}  // namespace goracs
