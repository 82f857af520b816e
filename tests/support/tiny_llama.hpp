#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/philox.hpp"
#include "model/adapter.hpp"
#include "model/llama.hpp"
#include "support/golden.hpp"
#include "train/training_sample.hpp"

namespace goracs::test {

inline std::filesystem::path golden_source() { return source_root() / "tests" / "golden"; }

/// A golden tiny LLaMA with grouped queries, and its adapter.
inline const Llama& tiny_llama() {
  static const Llama kModel = Llama::load(golden_source() / "models" / "llama_gqa", at::kFloat);
  return kModel;
}
inline const Adapter& tiny_adapter() {
  static const Adapter kAdapter = Adapter::load(golden_source() / "adapters" / "llama_gqa", tiny_llama().config());
  return kAdapter;
}

/// Token ids drawn by (name, stream).
inline std::vector<std::int32_t> invented_tokens(std::int64_t count, const std::string& name, std::int64_t stream) {
  const Philox random(11, name);
  std::vector<std::int32_t> ids;
  for (std::int64_t t = 0; t < count; ++t)
    ids.push_back(static_cast<std::int32_t>(3 + random.block(static_cast<std::uint64_t>(t), static_cast<std::uint64_t>(stream))[0] % 200));
  return ids;
}

/// Samples of 3 to 13 tokens, the last but one predicting the answer.
inline std::vector<TrainingSample> invented_samples(std::int64_t count, const std::string& name, std::int64_t classes) {
  std::vector<TrainingSample> samples;
  for (std::int64_t i = 0; i < count; ++i) {
    TrainingSample sample;
    sample.ids = invented_tokens(3 + i % 11, name, i);
    sample.answer_position = static_cast<std::int64_t>(sample.ids.size()) - 2;
    sample.class_index = classes > 0 ? i % classes : -1;
    samples.push_back(std::move(sample));
  }
  return samples;
}

}  // namespace goracs::test
