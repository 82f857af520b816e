#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace goracs {

/// Which token ids end a generated text: `eos_token_id` (a number or a list) of a model folder's generation_config.json, else of its
/// config.json. Errors: kInput naming the file when neither has one, or it is no token id.
std::vector<std::int32_t> ending_tokens(const std::filesystem::path& folder);

}  // namespace goracs
