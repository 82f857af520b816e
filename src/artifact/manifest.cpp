#include "artifact/manifest.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "artifact/layout.hpp"
#include "base/error.hpp"
#include "base/file_bytes.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

constexpr const char* kCreator = "goracs";
constexpr const char* kOwnHash = "xxh3_128";

nlohmann::ordered_json body_of(const Manifest& manifest) {
  nlohmann::ordered_json body;
  body["creator"] = kCreator;
  body["goracs_schema"] = kSchema;
  body["stage"] = manifest.stage;
  body["content_sha256"] = manifest.content_sha256;
  body["files"] = nlohmann::ordered_json::object();
  for (const auto& [name, file] : manifest.files)
    body["files"][name] = {{"bytes", file.bytes}, {"xxh3_128", file.xxh3}, {"content_sha256", file.content_sha256}};
  body["config"] = manifest.config;
  body["inputs"] = manifest.inputs;
  body["seconds"] = manifest.seconds;
  body["world_size"] = manifest.world_size;
  body["origin"] = manifest.origin;
  return body;
}

std::string pretty(const nlohmann::ordered_json& body) { return body.dump(2) + "\n"; }

Manifest manifest_of(const nlohmann::json& body) {
  Manifest manifest;
  manifest.stage = body.at("stage");
  manifest.content_sha256 = body.at("content_sha256");
  for (const auto& [name, file] : body.at("files").items())
    manifest.files[name] = {file.at("bytes"), file.at("xxh3_128"), file.at("content_sha256")};
  manifest.config = body.at("config");
  manifest.inputs = body.at("inputs");
  manifest.seconds = body.at("seconds");
  manifest.world_size = body.at("world_size");
  manifest.origin = body.at("origin");
  return manifest;
}

}  // namespace

std::string Manifest::text() const {
  nlohmann::ordered_json body = body_of(*this);
  const std::string own_hash = xxh3_hex(pretty(body));
  body[kOwnHash] = own_hash;
  return pretty(body);
}

Manifest Manifest::parse(const std::string& text, const std::string& where) {
  const nlohmann::json body = nlohmann::json::parse(text, nullptr, false);
  GORACS_CHECK_INPUT(body.is_object() && body.contains("creator") && body["creator"] == kCreator,
                     "{}: not a manifest of goracs, or damaged", where);
  const nlohmann::json schema = body.value("goracs_schema", nlohmann::json());
  GORACS_CHECK_INPUT(schema.is_number_integer(), "{}: damaged: no goracs_schema", where);
  GORACS_CHECK_INPUT(schema <= kSchema, "{}: written by a newer goracs (schema {}, this one knows up to {})", where, schema.dump(),
                     kSchema);
  try {
    Manifest manifest = manifest_of(body);
    GORACS_CHECK_INPUT(manifest.text() == text, "{}: damaged: it does not have the hash that it says", where);
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    fail(ExitCode::kInput, "{}: damaged: {}", where, error.what());
  }
}

std::optional<Manifest> Manifest::read(const std::filesystem::path& folder) {
  const std::filesystem::path path = path_in(folder);
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  GORACS_CHECK_INPUT(in.good(), "{}: cannot be read", path.string());
  return parse(text.str(), path.string());
}

void Manifest::check_file(const std::filesystem::path& folder, const std::string& name, bool check_hash) const {
  const auto known = files.find(name);
  const std::filesystem::path path = folder / name;
  GORACS_CHECK_INPUT(known != files.end(), "{}: not a file of this folder's manifest", path.string());
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  GORACS_CHECK_INPUT(!error, "{}: in the manifest, but {}", path.string(), error.message());
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(bytes) == known->second.bytes, "{}: damaged: {} bytes, {} in the manifest", path.string(),
                     bytes, known->second.bytes);
  if (!check_hash) return;
  const std::string hash = xxh3_file(path);
  GORACS_CHECK_INPUT(hash == known->second.xxh3, "{}: damaged: XXH3-128 {}, {} in the manifest", path.string(), hash, known->second.xxh3);
}

std::filesystem::path checked(const std::filesystem::path& file) {
  const std::filesystem::path whole = std::filesystem::absolute(file).lexically_normal();
  for (const std::filesystem::path& folder : {whole.parent_path(), whole.parent_path().parent_path()}) {  // "adapter/..." is the deepest
    const std::optional<Manifest> manifest = Manifest::read(folder);
    const std::string name = whole.lexically_relative(folder).generic_string();
    if (manifest && manifest->files.contains(name)) manifest->check_file(folder, name, true);
  }
  return file;
}

std::string checked_bytes(const std::filesystem::path& file) {
  std::optional<std::string> bytes = file_bytes(checked(file));
  GORACS_CHECK_INPUT(bytes.has_value(), "{}: cannot be read", file.string());
  return *std::move(bytes);
}

}  // namespace goracs
