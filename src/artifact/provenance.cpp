#include "artifact/provenance.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "artifact/layout.hpp"
#include "base/version.hpp"

namespace goracs {
namespace {

constexpr std::array<std::string_view, 22> kAttributes{
    "creator",       "creator_version", "file_time",        "git_commit",     "git_dirty",           "goracs_schema", "stage",
    "command",       "config_yaml",     "config_sha256",    "seed",           "world_size",          "hosts",         "slurm_job",
    "inputs",        "template_sha256", "tokenizer_sha256", "tokenizer_kind", "tokenizer_probe_ids", "model_sha256",  "library_versions",
    "content_sha256"};

std::int64_t bytes_at(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const auto bytes = std::filesystem::file_size(path, error);
    return error ? 0 : static_cast<std::int64_t>(bytes);
  }
  std::int64_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error))
    if (entry.is_regular_file(error)) sum += static_cast<std::int64_t>(entry.file_size(error));
  return sum;
}

}  // namespace

bool is_provenance(std::string_view attribute) { return std::find(kAttributes.begin(), kAttributes.end(), attribute) != kAttributes.end(); }

std::map<std::string, std::string> library_versions() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  const auto dotted = [](unsigned a, unsigned b, unsigned c) { return fmt::format("{}.{}.{}", a, b, c); };
  constexpr unsigned kPart = 100;
  const unsigned fmt_number = FMT_VERSION, xx_number = XXH_versionNumber();
  return {
      {"HDF5", dotted(major, minor, release)},
      {"OpenSSL", OpenSSL_version(OPENSSL_VERSION)},
      {"fmt", dotted(fmt_number / (kPart * kPart), fmt_number / kPart % kPart, fmt_number % kPart)},
      {"nlohmann_json", dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)},
      {"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
      {"xxHash", dotted(xx_number / (kPart * kPart), xx_number / kPart % kPart, xx_number % kPart)},
  };
}

nlohmann::json inputs_json(const Provenance& provenance, const std::map<std::string, std::string>& hashes) {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [name, sha256] : hashes) {
    nlohmann::json input{{"name", name}, {"sha256", sha256}};
    if (const auto path = provenance.input_paths.find(name); path != provenance.input_paths.end()) {
      input["path"] = path->second.string();
      input["bytes"] = bytes_at(path->second);
    }
    all.push_back(std::move(input));
  }
  return all;
}

void write_provenance(H5File& h5, Stage stage, const Provenance& provenance, const std::map<std::string, std::string>& input_hashes) {
  std::map<std::string, std::string> libraries = library_versions();
  libraries.insert(provenance.libraries.begin(), provenance.libraries.end());
  h5.write_attribute("creator", std::string("goracs"));
  h5.write_attribute("creator_version", program_version());
  h5.write_attribute("file_time", utc_time());
  h5.write_attribute("git_commit", git_commit());
  h5.write_attribute("git_dirty", std::string(git_dirty() ? "true" : "false"));
  h5.write_attribute("goracs_schema", kSchema);
  h5.write_attribute("stage", std::string(name_of(stage)));
  h5.write_attribute("command", provenance.command);
  h5.write_attribute("config_yaml", provenance.config_yaml);
  h5.write_attribute("config_sha256", provenance.config_sha256);
  h5.write_attribute("seed", provenance.seed);
  h5.write_attribute("world_size", static_cast<std::int64_t>(provenance.world_size));
  h5.write_attribute("hosts", provenance.hosts);
  h5.write_attribute("slurm_job", provenance.slurm_job);
  h5.write_attribute("inputs", inputs_json(provenance, input_hashes).dump());
  h5.write_attribute("template_sha256", provenance.template_sha256);
  h5.write_attribute("tokenizer_sha256", provenance.tokenizer_sha256);
  h5.write_attribute("tokenizer_kind", provenance.tokenizer_kind);
  h5.write_attribute("tokenizer_probe_ids", provenance.tokenizer_probe_ids);
  h5.write_attribute("model_sha256", provenance.model_sha256);
  h5.write_attribute("library_versions", nlohmann::json(libraries).dump());
}

std::string utc_time() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  constexpr int kFirstYear = 1900;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + kFirstYear, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                     utc.tm_sec);
}

}  // namespace goracs
