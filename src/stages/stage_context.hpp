#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "artifact/stage_folder.hpp"
#include "base/config.hpp"
#include "base/stage.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// How a stage ended: its folder is sealed, or it was asked to stop and its state is saved.
enum class StageEnd { kSealed, kStopped };

using StageFolders = std::map<Stage, StageFolder>;

/// What a stage is given: the config, the ranks, its own folder and the sealed ones of the stages before it.
class StageContext {
 public:
  /// `provenance`: of everything that the stage writes. Collective: finds the seconds that earlier starts have spent.
  StageContext(const Config& config, Communicator& world, Provenance provenance, StageFolder& folder, const StageFolders& inputs);

  const Config& config() const noexcept { return config_; }
  Communicator& world() const noexcept { return world_; }
  StageFolder& folder() const noexcept { return folder_; }
  const Provenance& provenance() const noexcept { return provenance_; }

  /// The sealed folder of an earlier stage, and a file of it, its hash checked. Errors: kInput.
  const StageFolder& input(Stage stage) const { return inputs_.at(stage); }
  std::filesystem::path input(Stage stage, const std::string& file) const { return inputs_.at(stage).file(file); }
  /// The same for HDF5, which must come from our template, tokenizer and model, as far as it names them. Errors: kInput naming both.
  H5File open_input(Stage stage, const std::string& file, const Provenance& expected) const;
  H5File open_input(Stage stage, const std::string& file) const { return open_input(stage, file, provenance_); }

  /// The newest saved state of this name, on every rank; none at a first start. Collective.
  std::optional<std::filesystem::path> saved_state(const std::string& name) const;
  /// Saves it, with the seconds spent so far, and removes all but the last `keep`; `write` runs on rank 0. Collective.
  void save_state(const std::string& name, const std::function<void(const std::filesystem::path&)>& write, std::int64_t keep) const;

  /// Of computing this stage, over all starts.
  double seconds() const;
  /// Collective.
  StageEnd seal() const;

  /// Where the stage stood when it stopped: "samples 120 of 600".
  const std::string& standing() const noexcept { return standing_; }
  void stands_at(std::string standing) { standing_ = std::move(standing); }

 private:
  using Clock = std::chrono::steady_clock;

  const Config& config_;
  Communicator& world_;
  Provenance provenance_;
  StageFolder& folder_;
  const StageFolders& inputs_;
  double seconds_before_ = 0;
  Clock::time_point begin_ = Clock::now();
  std::string standing_ = "begin";
};

}  // namespace goracs
