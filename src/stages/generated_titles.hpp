#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/sample_table.hpp"
#include "eval/predictions.hpp"
#include "stages/language_model.hpp"
#include "stages/stage_context.hpp"

namespace goracs {

/// Beam searches behind all test prompts, saved and stopped like every long loop.
class GeneratedTitles {
 public:
  /// Goes on from the saved state, if any. Collective.
  GeneratedTitles(StageContext& context, const LanguageModel& model, const SampleTable& test);

  /// False: stopped, and saved. Collective.
  bool fill(const Adapter* adapter, std::int64_t batch_tokens);

  const std::vector<std::vector<TokenId>>& prompts() const noexcept { return prompts_; }
  const std::vector<Generated>& table() const noexcept { return table_; }

 private:
  void restore();
  void save(const std::filesystem::path& path) const;

  StageContext& context_;
  const LanguageModel& model_;
  std::vector<std::vector<TokenId>> prompts_;
  std::vector<Generated> table_;
};

}  // namespace goracs
