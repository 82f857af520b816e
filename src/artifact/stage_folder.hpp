#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "artifact/content_hash.hpp"
#include "artifact/folder_hash.hpp"
#include "artifact/h5.hpp"
#include "artifact/lease.hpp"
#include "artifact/manifest.hpp"
#include "artifact/provenance.hpp"
#include "artifact/saved_state.hpp"
#include "base/stage.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// What a stage's result depends on; the folder's name is work_dir/<stage>-<first 16 hex digits of the SHA-256 of its canonical JSON>.
struct StageIdentity {
  Stage stage = Stage::kPrepare;
  std::string keys_json;                      ///< canonical JSON of stage_keys(), path values replaced by content hashes
  std::map<std::string, std::string> inputs;  ///< "prepare" -> content_sha256 of that stage's folder; "model" -> hash of a folder; ...
};

/// "select-0123456789abcdef".
std::string folder_name(const StageIdentity& identity);

/// The folder of one stage: filled under temporary names, then sealed by MANIFEST.json, which appears last, by rename.
///
/// Goals: readers see a whole folder or none; equal work is found again across runs; content hashes hold no times, hosts, paths, ranks.
/// Non-goals: concurrent writers: an open folder that is not sealed is leased (artifact/lease.hpp) to this job, so that of two jobs that want
///   the same stage one computes and the other waits for it.
/// All methods but the plain accessors and those that say so are collective; files are written by rank 0 unless said otherwise.
class StageFolder {
 public:
  /// Opens work_dir/<stage>-<hash>, made when it is not there; leftovers of a killed run are swept, saved state is kept. While another job is at
  /// work on it, waits for that one to end.
  /// Errors: kInput when it is sealed, but a file is missing, of another size, foreign or of a newer schema; kIo; kStopped when a polite stop is
  /// asked for while waiting.
  static StageFolder open(const std::filesystem::path& work_dir, const StageIdentity& identity, Communicator& world);
  /// The same folder if it is sealed; nothing is made or waited for.
  static std::optional<StageFolder> find(const std::filesystem::path& work_dir, const StageIdentity& identity, Communicator& world);

  Stage stage() const noexcept { return identity_.stage; }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Complete: its files may be read, and `content_sha256` is known.
  bool sealed() const noexcept { return manifest_.has_value(); }
  const std::string& content_sha256() const noexcept { return manifest_ ? manifest_->content_sha256 : unsealed_; }
  /// Seconds that the stage took when it was computed.
  double seconds() const noexcept { return manifest_ ? manifest_->seconds : 0; }
  const std::optional<Manifest>& manifest() const noexcept { return manifest_; }

  /// A file of the sealed folder, or a folder in it ("adapter"); hashes are checked before it is handed out. Not collective.
  /// Errors: kInput naming the file.
  std::filesystem::path file(const std::string& name) const;
  /// Where a file or a folder is to be written before `seal`: under a temporary name, adapter.tmp-new/... for "adapter/...". Not collective; the folder
  /// it stands in is there.
  std::filesystem::path new_file(const std::string& name) const;
  /// A new HDF5 file with the provenance attributes. Rank 0 alone. To be closed (H5File::close) before `seal`.
  H5File create_h5(const std::string& name, const Provenance& provenance) const;

  /// Saved state of an unfinished stage, for resuming; removed by `seal`. `write` makes a file or a folder at the path it is given; then it is flushed,
  /// hashed, renamed, and the last `keep` states of that name are kept. Not collective: the rank that calls it writes; names of several ranks differ.
  void save_state(const std::string& name, const std::function<void(const std::filesystem::path&)>& write,
                  std::int64_t keep = saved_state::kKept) const;
  /// The newest state whose hash agrees; damaged ones are named in the log. Not collective.
  std::optional<std::filesystem::path> saved_state(const std::string& name) const;

  /// Closes the folder: checks the datasets against artifact/layout.hpp, puts content_sha256 into each HDF5 file, flushes, hashes (XXH3-128) and
  /// renames every new file, and MANIFEST.json appears. `seconds`: the time of computing, over all starts.
  /// Errors: kInput when a dataset is not as the layout says; kIo; kPeer when another job has taken the work over meanwhile.
  void seal(const Provenance& provenance, double seconds, Communicator& world);

 private:
  StageFolder(const std::filesystem::path& work_dir, const StageIdentity& identity);
  void look(Communicator& world);
  void wait_for_lease(Communicator& world);
  void sweep() const;
  void sweep_after_seal() const;
  void check_lease() const;
  std::map<std::string, Manifest::File> publish_files() const;
  std::string seal_alone(const Provenance& provenance, double seconds, int world_size) const;

  StageIdentity identity_;
  std::filesystem::path path_;
  std::string unsealed_;
  std::optional<Manifest> manifest_;
  std::unique_ptr<Lease> lease_;  ///< rank 0 of an unsealed folder
  mutable std::set<std::string> checked_;
};

}  // namespace goracs
