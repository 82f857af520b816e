#include "stages/stage_identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <future>
#include <nlohmann/json.hpp>

#include "base/config_file.hpp"
#include "comm/agreement.hpp"
#include "data/prompt_template.hpp"
#include "data/tokenizer.hpp"
#include "model/device.hpp"

namespace goracs {
namespace {

constexpr const char* kProbe = "The answer's \"Yes\".\n\n### No: 42 \u00e9t\u00e9";  ///< tells tokenizers apart

/// Content hashes of files and folders. Large models take long the first time: the other ranks hear that this one is at work.
std::vector<std::string> content_hashes(const std::vector<std::filesystem::path>& paths, const Config& config, Communicator& world) {
  auto hashes = std::async(std::launch::async, [&] {
    std::vector<std::string> all;
    for (const auto& path : paths) all.push_back(folder_sha256(path, config.work_dir));
    return all;
  });
  while (hashes.wait_for(std::chrono::seconds(1)) != std::future_status::ready) world.still_working();
  return hashes.get();
}

Provenance with_model(const Provenance& run, const Config& config, const std::filesystem::path& model) {
  Provenance provenance = run;
  provenance.template_sha256 = PromptTemplate::named(config.prompt.template_name).fingerprint();
  const std::unique_ptr<Tokenizer> tokenizer = open_tokenizer(model);
  provenance.tokenizer_sha256 = tokenizer_fingerprint(*tokenizer);
  provenance.tokenizer_kind = tokenizer->kind();
  provenance.tokenizer_probe_ids = fmt::format("{}", fmt::join(tokenizer->encode(kProbe), " "));
  provenance.model_sha256 = folder_sha256(model, config.work_dir);
  return provenance;
}

}  // namespace

std::vector<Stage> inputs_of(Stage stage, const Config& config) {
  switch (stage) {
    case Stage::kPrepare: return {};
    case Stage::kEmbed:
    case Stage::kGrads: return {Stage::kPrepare};
    case Stage::kSelect: return {Stage::kPrepare, Stage::kEmbed, Stage::kGrads};
    case Stage::kFinetune: return {Stage::kPrepare, Stage::kSelect};
    case Stage::kEvaluate: break;
  }
  std::vector<Stage> inputs = {Stage::kPrepare};
  if (!config.is_ctrpre()) inputs.push_back(Stage::kEmbed);
  if (config.evaluate.adapter == "tuned") inputs.push_back(Stage::kFinetune);
  return inputs;
}

std::vector<Stage> stages_of(const Config& config) {
  if (config.evaluate.adapter == "tuned") return {kStages.begin(), kStages.end()};
  std::vector<Stage> stages = inputs_of(Stage::kEvaluate, config);
  stages.push_back(Stage::kEvaluate);
  return stages;
}

StageIdentity identity_of(Stage stage, const Config& config, const StageFolders& done, Communicator& world) {
  StageIdentity identity;
  identity.stage = stage;
  on_root(world, [&] {
    nlohmann::json keys = stage_keys(config, stage);
    const std::vector<std::string> named = path_keys(config, stage);
    std::vector<std::filesystem::path> paths;
    for (const std::string& key : named) paths.emplace_back(keys[key].get<std::string>());
    const std::vector<std::string> hashes = content_hashes(paths, config, world);
    for (std::size_t k = 0; k < named.size(); ++k) keys[named[k]] = hashes[k];
    if (keys.contains("model.dtype"))
      keys["model.dtype"] = c10::toString(compute_dtype(config.model.dtype, model_device().type()));  // `auto` depends on the machine
    identity.keys_json = keys.dump();
  });
  identity.keys_json = broadcast_text(world, identity.keys_json);
  for (const Stage input : inputs_of(stage, config)) identity.inputs[std::string(name_of(input))] = done.at(input).content_sha256();
  return identity;
}

Provenance provenance_of(Stage stage, const Config& config, const Provenance& run, Communicator& world) {
  if (stage == Stage::kPrepare) return run;
  Provenance own = run;
  on_root(world,
          [&] { own = stage == Stage::kEmbed ? with_model(run, config, config.encoder.path) : language_model_provenance(config, run); });
  // only rank 0 writes files, but all ranks compare what they read
  for (std::string* hash : {&own.template_sha256, &own.tokenizer_sha256, &own.model_sha256}) *hash = broadcast_text(world, *hash);
  return own;
}

Provenance language_model_provenance(const Config& config, const Provenance& run) { return with_model(run, config, config.model.path); }

}  // namespace goracs
