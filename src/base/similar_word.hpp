#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace goracs {

/// The word nearest to `word` by edit distance (insert, delete, replace, swap neighbours), or "" when none is near. For "did you mean".
std::string similar_word(std::string_view word, const std::vector<std::string>& words);

}  // namespace goracs
