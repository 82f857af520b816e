#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace goracs {

/// Called with one piece of the text after another.
using PieceSink = std::function<void(std::string_view)>;

/// The pre-tokenizers' regular expressions, scanned by hand (Unicode classes, greedy, alternatives in order).
/// GPT-2:   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
void split_gpt2(std::string_view text, const PieceSink& sink);
/// LLaMA 3: (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
void split_llama3(std::string_view text, const PieceSink& sink);
/// Every number character alone, the rest in one piece.
void split_digits(std::string_view text, const PieceSink& sink);
/// The pattern that split_llama3 scans, as tokenizer.json writes it.
const std::string& llama3_pattern();

}  // namespace goracs
