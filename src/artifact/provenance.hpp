#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "artifact/h5.hpp"
#include "base/stage.hpp"

namespace goracs {

/// What every artifact says about how it came to be (USERS, "Artifacts"); constant over one run of the program, or one stage of it.
struct Provenance {
  std::string command, config_yaml, config_sha256, hosts, slurm_job;
  std::string template_sha256, tokenizer_sha256, model_sha256;
  std::string tokenizer_kind, tokenizer_probe_ids;  ///< "bpe", and the ids of a text that tells tokenizers apart
  std::int64_t seed = 0;
  int world_size = 1;
  std::map<std::string, std::filesystem::path> input_paths;  ///< of StageIdentity::inputs, where they lie; for the eye alone
  std::map<std::string, std::string> libraries;              ///< versions beyond those that `library_versions` knows: LibTorch, ...
};

/// Root attributes that say how a file came to be; content hashes leave them out.
bool is_provenance(std::string_view attribute);

/// Versions of the libraries that this layer and those below are linked with, name -> version.
std::map<std::string, std::string> library_versions();

/// [{"name":"prepare","path":...,"bytes":...,"sha256":...}, ...]
nlohmann::json inputs_json(const Provenance& provenance, const std::map<std::string, std::string>& hashes);

/// Writes all of it as variable-length UTF-8 attributes of the root (numbers as numbers), but content_sha256, which `seal` adds.
void write_provenance(H5File& h5, Stage stage, const Provenance& provenance, const std::map<std::string, std::string>& input_hashes);

/// The time now, "2026-01-31T14:02:05Z".
std::string utc_time();

}  // namespace goracs
