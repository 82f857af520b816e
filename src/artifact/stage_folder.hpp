#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "artifact/h5.hpp"
#include "base/stage.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// What a stage's result depends on; the folder's name is work_dir/<stage>-<first 16 hex digits of the SHA-256 of its canonical JSON>.
struct StageIdentity {
  Stage stage = Stage::kPrepare;
  std::string keys_json;                      ///< canonical JSON of stage_keys(), path values replaced by content hashes
  std::map<std::string, std::string> inputs;  ///< "prepare" -> content_sha256 of that stage's folder; "model" -> hash of a folder; ...
};

/// What every artifact says about how it came to be (USERS, "Artifacts"); constant over one run of the program.
struct Provenance {
  std::string command, config_yaml, config_sha256, hosts, slurm_job;
  std::string template_sha256, tokenizer_sha256, model_sha256;
  std::int64_t seed = 0;
  int world_size = 1;
};

/// The folder of one stage: filled under temporary names, then sealed by MANIFEST.json, which appears last, by rename.
///
/// Goals: readers see a whole folder or none; equal work is found again across runs; content hashes hold no times, hosts, paths, ranks.
/// Non-goals: concurrent writers (the lease of `sweep` keeps them apart).
/// All methods but the plain accessors are collective; files are written by rank 0 unless said otherwise.
class StageFolder {
 public:
  /// Opens work_dir/<stage>-<hash>, made when it is not there; leftovers of a killed run are swept, saved state is kept.
  /// Errors: kInput when it is sealed, but a file is missing, damaged, foreign or of a newer schema; kIo.
  static StageFolder open(const std::filesystem::path& work_dir, const StageIdentity& identity, Communicator& world);

  Stage stage() const noexcept { return identity_.stage; }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Complete: its files may be read, and `content_sha256` is known.
  bool sealed() const noexcept { return sealed_; }
  const std::string& content_sha256() const noexcept { return content_sha256_; }
  /// Seconds that the stage took when it was computed.
  double seconds() const noexcept { return seconds_; }

  /// A file of the sealed folder, its hash checked before it is handed out. Not collective.
  /// Errors: kInput naming the file.
  std::filesystem::path file(const std::string& name) const;
  /// Where a file is to be written before `seal`; the folder it stands in exists on rank 0.
  std::filesystem::path new_file(const std::string& name) const;
  /// A new HDF5 file with the provenance attributes. Rank 0 alone.
  H5File create_h5(const std::string& name, const Provenance& provenance) const;

  /// Saved state of an unfinished stage, for resuming; removed by `seal`. Written by `save_state` as a whole: temporary, fsync, rename, hash.
  /// Rank 0 alone writes and reads; the caller broadcasts.
  std::filesystem::path state_file(const std::string& name) const;
  void save_state(const std::string& name, const std::function<void(const std::filesystem::path&)>& write) const;
  /// The state file when there is one whose hash agrees; falls back to the one before, naming the damaged file in the log.
  std::optional<std::filesystem::path> saved_state(const std::string& name) const;

  /// Closes the folder: content hashes are put into each HDF5 file's content_sha256, every file is hashed (XXH3-128) and fsynced, and
  /// MANIFEST.json appears. `seconds`: the time of computing, over all starts. Collective.
  void seal(const Provenance& provenance, double seconds, Communicator& world);

 private:
  StageIdentity identity_;
  std::filesystem::path path_;
  bool sealed_ = false;
  std::string content_sha256_;
  double seconds_ = 0;
  std::map<std::string, std::string> hashes_;
};

/// SHA-256 over what a file says and not when, where or by whom it was made: HDF5 by datasets and attributes (without those named in
/// `layout` as provenance or times), other files by their bytes.
std::string content_sha256_of(const std::filesystem::path& file);

/// SHA-256 of a model folder, tokenizer or adapter: names and contents of its files. Remembered in `work_dir/hashes.json` by path, size, time and inode.
std::string folder_sha256(const std::filesystem::path& folder, const std::filesystem::path& work_dir);

}  // namespace goracs
