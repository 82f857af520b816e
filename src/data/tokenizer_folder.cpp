// The tokenizer of a Hugging Face folder and its special ids.
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "data/tokenizer.hpp"

namespace goracs {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// The JSON object in a file, empty when there is no such file.
Json read_object(const fs::path& file) {
  if (!fs::exists(file)) return Json::object();
  std::ifstream in(file);
  Json json = Json::parse(in, nullptr, false);
  GORACS_CHECK_INPUT(json.is_object(), "{}: not a JSON object", file.string());
  return json;
}

/// A special token's text: plain, or in an object with `content`.
std::string token_text(const Json& json, const std::string& key) {
  if (!json.contains(key)) return {};
  const Json& value = json.at(key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_object() && value.contains("content") && value["content"].is_string() ? value["content"].get<std::string>()
                                                                                        : std::string();
}

/// Texts first, by the tokenizer itself; where the files name no text, the id of config.json.
std::optional<TokenId> special_id(const Tokenizer& tokenizer, const Json& map, const Json& settings, const Json& config,
                                  const std::string& name) {
  for (const Json* source : {&map, &settings}) {
    const std::string text = token_text(*source, name + "_token");
    if (text.empty()) continue;
    EncodeOptions options;
    options.add_special_tokens = false;
    options.special_in_text = true;
    const auto ids = tokenizer.encode(text, options);
    if (ids.size() == 1) return ids[0];
  }
  if (!config.contains(name + "_token_id")) return std::nullopt;
  const Json& id = config.at(name + "_token_id");
  if (id.is_number_integer()) return id.get<TokenId>();
  if (id.is_array() && !id.empty() && id[0].is_number_integer()) return id[0].get<TokenId>();
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Tokenizer> open_tokenizer(const fs::path& folder) {
  GORACS_CHECK_INPUT(fs::is_directory(folder), "{}: no such folder", folder.string());
  const Json settings = read_object(folder / "tokenizer_config.json");
  const bool sentencepiece = fs::exists(folder / "tokenizer.model");
  GORACS_CHECK_INPUT(sentencepiece || fs::exists(folder / "tokenizer.json"), "{}: no tokenizer.model and no tokenizer.json",
                     folder.string());
  const Json legacy = settings.value("legacy", Json());
  auto tokenizer = sentencepiece ? open_sentencepiece(folder / "tokenizer.model", !legacy.is_boolean() || legacy.get<bool>())
                                 : open_tokenizer_json(folder / "tokenizer.json");
  const Json map = read_object(folder / "special_tokens_map.json"), config = read_object(folder / "config.json");
  SpecialIds ids = tokenizer->special();
  const auto fill = [&](std::optional<TokenId>& slot, const char* name) {
    if (const auto id = special_id(*tokenizer, map, settings, config, name)) slot = id;
  };
  fill(ids.bos, "bos");
  fill(ids.eos, "eos");
  fill(ids.pad, "pad");
  fill(ids.unk, "unk");
  tokenizer->name_special(ids);
  return tokenizer;
}

std::string tokenizer_fingerprint(const Tokenizer& tokenizer) {
  Json print = {{"kind", tokenizer.kind()}, {"vocab_size", tokenizer.vocab_size()}};
  const SpecialIds& special = tokenizer.special();
  for (const auto& [name, id] : {std::pair{"bos", special.bos}, {"eos", special.eos}, {"pad", special.pad}, {"unk", special.unk}})
    print[name] = id ? Json(*id) : Json();
  // words, case, digits, quotes, spaces, line ends, scripts beyond Latin, an emoji: where tokenizers differ
  for (const char* probe :
       {"The user has watched \"Toy Story (1995)\", \"Se7en\" before:\n ", "Yes", "No", "### Response:\n", "  two  spaces 1234567890",
        "na\u00efve caf\u00e9 \u4e2d\u6587 \u0440\u0443\u0441 \U0001F600", "</s><|im_end|>"})
    print["probes"].push_back(tokenizer.encode(probe));
  return sha256_hex(print.dump());
}

}  // namespace goracs
