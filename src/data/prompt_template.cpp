#include "data/prompt_template.hpp"

#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/file_bytes.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

constexpr std::string_view kInstruction = "{instruction}", kInput = "{input}", kOutput = "{output}";

/// Alpaca's two templates (github.com/tatsu-lab/stanford_alpaca); `gap` is what follows "request.".
std::string alpaca(bool with_input, const std::string& gap) {
  std::string text = "Below is an instruction that describes a task";
  if (with_input) text += ", paired with an input that provides further context";
  text += ". Write a response that appropriately completes the request." + gap + "\n\n### Instruction:\n{instruction}\n\n";
  if (with_input) text += "### Input:\n{input}\n\n";
  return text + "### Response:\n{output}";
}

std::string read_template(const std::string& path) {
  const std::optional<std::string> bytes = file_bytes(path);
  GORACS_CHECK_USAGE(bytes.has_value(), "prompt.template: '{}' is neither alpaca nor alpaca_space nor a file", path);
  std::string text = *bytes;
  if (text.ends_with('\n')) text.pop_back();
  for (const std::string_view place : {kInstruction, kInput, kOutput}) {
    const std::size_t at = text.find(place);
    GORACS_CHECK_USAGE(at != std::string::npos && text.find(place, at + 1) == std::string::npos, "prompt.template: {} must hold {} once",
                       path, place);
    GORACS_CHECK_USAGE(at <= text.find(kOutput), "prompt.template: {}: {} stands behind {}", path, place, kOutput);
  }
  return text;
}

/// The template with its places filled; values are not searched for places.
std::string filled(std::string_view pattern, std::string_view instruction, std::string_view input, std::string_view output) {
  const std::array<std::pair<std::string_view, std::string_view>, 3> places = {
      {{kInstruction, instruction}, {kInput, input}, {kOutput, output}}};
  std::string text;
  text.reserve(pattern.size() + instruction.size() + input.size() + output.size());
  while (!pattern.empty()) {
    const std::size_t brace = pattern.find('{');
    text += pattern.substr(0, brace);
    if (brace == std::string_view::npos) break;
    pattern.remove_prefix(brace);
    std::size_t used = 0;
    for (const auto& [place, value] : places)
      if (pattern.starts_with(place)) {
        text += value;
        used = place.size();
      }
    if (used == 0) text += pattern[used++];
    pattern.remove_prefix(used);
  }
  return text;
}

}  // namespace

PromptTemplate PromptTemplate::named(const std::string& name) {
  PromptTemplate prompt;
  if (name == "alpaca" || name == "alpaca_space") {
    const std::string gap = name == "alpaca" ? "" : " ";
    prompt.with_input_ = alpaca(true, gap);
    prompt.without_input_ = alpaca(false, gap);
  } else {
    prompt.with_input_ = prompt.without_input_ = read_template(name);
  }
  return prompt;
}

std::string PromptTemplate::prompt(std::string_view instruction, std::string_view input) const {
  const std::string& pattern = input.empty() ? without_input_ : with_input_;
  return filled(std::string_view(pattern).substr(0, pattern.find(kOutput)), instruction, input, "");
}

std::string PromptTemplate::text(std::string_view instruction, std::string_view input, std::string_view output) const {
  return filled(input.empty() ? without_input_ : with_input_, instruction, input, output);
}

std::string PromptTemplate::fingerprint() const { return sha256_hex(with_input_ + '\0' + without_input_); }

}  // namespace goracs
