#pragma once

#include <cstdint>
#include <string>

#include "base/config.hpp"
#include "model/model_config.hpp"
#include "model/parameter_counts.hpp"

namespace goracs {

/// How much there is to do: the numbers that bytes and operations of each stage follow from. No weights are read.
struct Workload {
  std::string name;
  Config config;
  LlamaConfig llama;
  EncoderConfig encoder;
  std::int64_t num_train = 0, num_valid = 0, num_test = 0, num_items = 0;  ///< items: SeqRec alone
  double text_bytes = 0;                                                   ///< of all samples together
  double tokens = 0;                                                       ///< of a sample on average, template and answer included
  double answer_tokens = 0;                                                ///< that evaluation generates for a sample; SeqRec alone
  std::string assumptions;                                                 ///< what was not counted but assumed, a line each

  /// Bytes that one weight takes.
  int weight_bytes() const { return config.model.dtype == "float32" ? 4 : 2; }
};

/// Of a config: its data are read where they are small, else the published counts of the Amazon sets stand for them.
/// Errors: kInput, as reading the data and the models' config.json.
Workload workload_of(const Config& config);

/// The paper's runs on Amazon Video Games with LLaMA-7B and RoBERTa-base. task: "seqrec" or "ctrpre".
Workload games_workload(const std::string& task);

}  // namespace goracs
