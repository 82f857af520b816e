#pragma once

#include <string>
#include <string_view>

namespace goracs {

/// The text around instruction, input and output; one for embedding, gradients, training and evaluation alike.
class PromptTemplate {
 public:
  /// `alpaca`, `alpaca_space` (a space after "request.", as some of the reference's scripts have it), or a file that holds {instruction},
  /// {input} and {output} once each, {output} last (a line end at the very end of the file does not count).
  /// Errors: kUsage when there is no such file or a place is missing.
  static PromptTemplate named(const std::string& name);

  /// All of it up to where the output begins.
  std::string prompt(std::string_view instruction, std::string_view input) const;
  std::string text(std::string_view instruction, std::string_view input, std::string_view output) const;
  /// SHA-256 of the template.
  std::string fingerprint() const;

 private:
  /// `with_input` where there is input, else `without_input`; both hold the places' names.
  std::string with_input_, without_input_;
};

}  // namespace goracs
