#include "eval/ending_tokens.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace goracs {

std::vector<std::int32_t> ending_tokens(const std::filesystem::path& folder) {
  for (const char* name : {"generation_config.json", "config.json"}) {
    const std::filesystem::path path = folder / name;
    if (!std::filesystem::exists(path)) continue;
    std::ifstream file(path);
    const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    GORACS_CHECK_INPUT(json.is_object(), "{}: not a JSON object", path.string());
    const auto found = json.find("eos_token_id");
    if (found == json.end() || found->is_null()) continue;
    const auto list = found->is_array() ? *found : nlohmann::json::array({*found});
    std::vector<std::int32_t> ids;
    for (const auto& id : list) {
      GORACS_CHECK_INPUT(id.is_number_unsigned(), "{}: eos_token_id is {}, expected a token id or a list of them", path.string(),
                         found->dump());
      ids.push_back(id.get<std::int32_t>());
    }
    if (!ids.empty()) return ids;
  }
  fail(ExitCode::kInput, "{}: neither generation_config.json nor config.json has an eos_token_id", folder.string());
}

}  // namespace goracs
