#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace goracs {

/// The stages in the order in which they run.
enum class Stage : std::uint8_t { kPrepare, kEmbed, kGrads, kSelect, kFinetune, kEvaluate };

inline constexpr std::array<Stage, 6> kStages{Stage::kPrepare, Stage::kEmbed,    Stage::kGrads,
                                              Stage::kSelect,  Stage::kFinetune, Stage::kEvaluate};
inline constexpr std::array<std::string_view, 6> kStageNames{"prepare", "embed", "grads", "select", "finetune", "evaluate"};

constexpr std::string_view name_of(Stage stage) noexcept { return kStageNames[static_cast<std::size_t>(stage)]; }

/// The stage of this name, if there is one.
constexpr std::optional<Stage> stage_of(std::string_view name) noexcept {
  for (const Stage stage : kStages)
    if (name_of(stage) == name) return stage;
  return std::nullopt;
}

/// Some of the stages.
class StageSet {
 public:
  constexpr StageSet() = default;
  constexpr StageSet(std::initializer_list<Stage> stages) {
    for (const Stage stage : stages) bits_ = static_cast<std::uint8_t>(bits_ | bit(stage));
  }
  constexpr bool contains(Stage stage) const noexcept { return (bits_ & bit(stage)) != 0; }
  constexpr bool empty() const noexcept { return bits_ == 0; }

 private:
  static constexpr unsigned bit(Stage stage) noexcept { return 1U << static_cast<unsigned>(stage); }
  std::uint8_t bits_ = 0;
};

}  // namespace goracs
