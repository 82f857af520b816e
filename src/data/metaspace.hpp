#pragma once

#include <string_view>

namespace goracs {

/// What SentencePiece writes for a space.
inline constexpr std::string_view kMetaspace = "\u2581";

}  // namespace goracs
