#include "artifact/stage_folder.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "artifact/commit.hpp"
#include "artifact/layout.hpp"
#include "base/crash_point.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"
#include "base/stop_request.hpp"
#include "base/version.hpp"
#include "comm/agreement.hpp"

namespace goracs {
namespace {

constexpr std::string_view kNew = ".tmp-new";
constexpr const char* kStates = "checkpoints";

nlohmann::json canonical(const StageIdentity& identity) {
  return {{"stage", name_of(identity.stage)},
          {"schema", kSchema},
          {"config", nlohmann::json::parse(identity.keys_json)},
          {"inputs", identity.inputs}};
}

/// Relative paths, with '/', of all files below a folder or of the file itself; `name` is what it is called.
std::vector<std::string> names_below(const std::filesystem::path& path, const std::string& name) {
  if (!std::filesystem::is_directory(path)) return {name};
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    if (entry.is_regular_file()) names.push_back(name + "/" + entry.path().lexically_relative(path).generic_string());
  return names;
}

/// Checks and completes a new HDF5 file: its descriptions and content_sha256. Returns the content hash.
std::string complete_h5(const std::filesystem::path& path, const std::string& name) {
  H5File h5 = H5File::open_to_change(path);
  check_layout(h5, std::filesystem::path(name).filename().string());
  describe_by_layout(h5, std::filesystem::path(name).filename().string());
  h5.close();
  const std::string content = content_sha256_of(path, name);
  h5 = H5File::open_to_change(path);
  h5.write_attribute("content_sha256", content);
  h5.close();
  return content;
}

nlohmann::json origin_of(const Provenance& provenance, const StageIdentity& identity) {
  std::map<std::string, std::string> libraries = library_versions();
  libraries.insert(provenance.libraries.begin(), provenance.libraries.end());
  return {{"creator_version", program_version()},
          {"git_commit", git_commit()},
          {"git_dirty", git_dirty()},
          {"file_time", utc_time()},
          {"command", provenance.command},
          {"config_sha256", provenance.config_sha256},
          {"hosts", provenance.hosts},
          {"slurm_job", provenance.slurm_job},
          {"inputs", inputs_json(provenance, identity.inputs)},
          {"library_versions", libraries}};
}

}  // namespace

std::string folder_name(const StageIdentity& identity) {
  constexpr std::size_t kDigits = 16;
  return fmt::format("{}-{}", name_of(identity.stage), sha256_hex(canonical(identity).dump()).substr(0, kDigits));
}

StageFolder::StageFolder(const std::filesystem::path& work_dir, const StageIdentity& identity)
    : identity_(identity), path_(work_dir / folder_name(identity)) {}

StageFolder StageFolder::open(const std::filesystem::path& work_dir, const StageIdentity& identity, Communicator& world) {
  StageFolder folder(work_dir, identity);
  folder.look(world);
  if (folder.sealed()) {
    if (world.is_root()) folder.sweep_after_seal();
    return folder;
  }
  folder.wait_for_lease(world);
  folder.look(world);  // whoever had the lease may have finished
  if (folder.sealed())
    folder.lease_.reset();
  else
    on_root(world, [&] { folder.sweep(); });
  return folder;
}

std::optional<StageFolder> StageFolder::find(const std::filesystem::path& work_dir, const StageIdentity& identity, Communicator& world) {
  StageFolder folder(work_dir, identity);
  folder.look(world);
  if (!folder.sealed()) return std::nullopt;
  if (world.is_root()) folder.sweep_after_seal();
  return folder;
}

/// Reads the manifest, if there is one, on rank 0 and for all.
void StageFolder::look(Communicator& world) {
  std::string text;
  on_root(world, [&] {
    const auto manifest = Manifest::read(path_);
    if (!manifest) return;
    const std::string where = Manifest::path_in(path_).string();
    GORACS_CHECK_INPUT(manifest->stage == name_of(identity_.stage) && manifest->config == canonical(identity_)["config"] &&
                           manifest->inputs == identity_.inputs,
                       "{}: of other work than the folder's name says", where);
    for (const auto& [name, file] : manifest->files) manifest->check_file(path_, name, false);
    text = manifest->text();
  });
  text = broadcast_text(world, text);
  if (!text.empty()) manifest_ = Manifest::parse(text, Manifest::path_in(path_).string());
}

void StageFolder::wait_for_lease(Communicator& world) {
  bool stopped = false;
  on_root(world, [&] {
    make_folder(path_.parent_path());
    std::string told;
    lease_ = Lease::take(path_, [&](const std::string& holder) {
      if (holder != told) log_info("{}: {} is at work on it; waiting", path_.filename().string(), holder);
      told = holder;
      world.still_working();
      return stopped = StopRequest::reason().has_value();
    });
    GORACS_CHECK_AS(ExitCode::kStopped, !stopped, "{}: asked to stop ({}) while another job was at work on it", path_.filename().string(),
                    *StopRequest::reason());
  });
}

/// Removes all that an unfinished run left, but saved states.
void StageFolder::sweep() const {
  make_folder(path_);
  const std::filesystem::path states = path_ / kStates;
  std::vector<std::filesystem::path> leftovers;
  for (const auto& entry : std::filesystem::directory_iterator(path_))
    if (entry.path() != states) leftovers.push_back(entry.path());
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(states, none))
    if (is_temporary(entry.path())) leftovers.push_back(entry.path());
  for (const auto& leftover : leftovers) {
    log_debug("{}: left by an unfinished run; removed", leftover.string());
    remove_tree(leftover);
  }
}

/// What a process leaves that is killed between sealing and its end. Nobody needs it, so nothing is said when it cannot be removed.
void StageFolder::sweep_after_seal() const {
  std::error_code ignored;
  std::filesystem::remove_all(path_ / kStates, ignored);
  Lease::clear_dead(path_);
}

std::filesystem::path StageFolder::file(const std::string& name) const {
  GORACS_CHECK_INPUT(sealed(), "{}: not complete: it has no MANIFEST.json", path_.string());
  bool found = false;
  for (const auto& [known, unused] : manifest_->files) {
    if (known != name && !known.starts_with(name + "/")) continue;
    found = true;
    if (checked_.contains(known)) continue;
    manifest_->check_file(path_, known, true);
    checked_.insert(known);
  }
  GORACS_CHECK_INPUT(found, "{}: not a file of this folder's manifest", (path_ / name).string());
  return path_ / name;
}

std::filesystem::path StageFolder::new_file(const std::string& name) const {
  const std::size_t slash = name.find('/');
  const std::string first = name.substr(0, slash) + std::string(kNew);
  if (slash == std::string::npos) return path_ / first;
  const std::filesystem::path path = path_ / first / name.substr(slash + 1);
  make_folder(path.parent_path());
  return path;
}

H5File StageFolder::create_h5(const std::string& name, const Provenance& provenance) const {
  check_lease();
  H5File h5 = H5File::create(new_file(name));
  write_provenance(h5, identity_.stage, provenance, identity_.inputs);
  return h5;
}

void StageFolder::save_state(const std::string& name, const std::function<void(const std::filesystem::path&)>& write,
                             std::int64_t keep) const {
  check_lease();
  saved_state::save(path_ / kStates, name, write, keep);
}

std::optional<std::filesystem::path> StageFolder::saved_state(const std::string& name) const {
  return saved_state::find(path_ / kStates, name);
}

void StageFolder::seal(const Provenance& provenance, double seconds, Communicator& world) {
  world.barrier("seal");  // every rank's files are written
  std::string text;
  const int world_size = world.size();
  on_root_for_long(world, [&] { text = seal_alone(provenance, seconds, world_size); });
  manifest_ = Manifest::parse(broadcast_text(world, text), Manifest::path_in(path_).string());
  lease_.reset();
}

/// Completes, hashes, flushes and renames everything new. Returns what the manifest says of it.
std::map<std::string, Manifest::File> StageFolder::publish_files() const {
  std::vector<std::pair<std::filesystem::path, std::string>> fresh;  // temporary path, name
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const std::string temporary = entry.path().filename().string();
    if (temporary.ends_with(kNew)) fresh.emplace_back(entry.path(), temporary.substr(0, temporary.size() - kNew.size()));
  }
  std::map<std::string, Manifest::File> files;
  for (const auto& [temporary, top] : fresh) {
    for (const std::string& name : names_below(temporary, top)) {
      const std::filesystem::path path = temporary.string() + name.substr(top.size());
      const std::string content = name.ends_with(".h5") ? complete_h5(path, name) : content_sha256_of(path, name);
      crash_point("commit.completed");
      const FileSeal seal = seal_of(path);
      files[name] = {seal.bytes, seal.xxh3, content};
    }
    sync_tree(temporary);
    publish_sealed(temporary, path_ / top);
  }
  sync_folder(path_);
  return files;
}

/// Rank 0's part of `seal`. Returns the manifest's text.
std::string StageFolder::seal_alone(const Provenance& provenance, double seconds, int world_size) const {
  Manifest manifest;
  manifest.stage = name_of(identity_.stage);
  manifest.config = nlohmann::json::parse(identity_.keys_json);
  manifest.inputs = identity_.inputs;
  manifest.seconds = seconds;
  manifest.world_size = world_size;
  manifest.origin = origin_of(provenance, identity_);
  manifest.files = publish_files();
  std::map<std::string, std::string> contents;
  for (const auto& [name, file] : manifest.files) contents[name] = file.content_sha256;
  manifest.content_sha256 = content_sha256_of(contents);

  check_lease();
  commit_text(Manifest::path_in(path_), manifest.text());
  sync_folder(path_.parent_path());
  remove_tree(path_ / kStates);
  return manifest.text();
}

void StageFolder::check_lease() const {
  GORACS_CHECK_PEER(!lease_ || lease_->held(), "{}: another job took this work over, because this one was silent for {} s", path_.string(),
                    Lease::kSilentSeconds);
}

}  // namespace goracs
