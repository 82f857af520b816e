#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer.hpp"

namespace goracs {

/// An item's title as it is embedded: without outer spaces, then without quotes at both ends (SPEC 3).
std::string item_text(std::string_view title);

/// Token ids of a title, at least one: a text of no token stands as what the tokenizer begins or ends texts with.
std::vector<TokenId> title_tokens(const Tokenizer& tokenizer, const std::string& text);

/// Tokens of a batch of titles, of items and generated ones alike; no setting of one stage may change what another has computed.
inline constexpr std::int64_t kTitleBatchTokens = 2048;

}  // namespace goracs
