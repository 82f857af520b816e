// Any bytes as a config; one that is accepted must print itself so that it reads back the same.
#include <string>

#include "base/config_file.hpp"
#include "fuzz/fuzzed_input.hpp"

namespace {

/// Both prints without the origins, which name the other file.
std::string without_origins(const std::string& yaml) {
  std::string text;
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = yaml.find('\n', begin), comment = yaml.rfind("  # ", end);
    text += yaml.substr(begin, (comment == std::string::npos || comment < begin ? end : comment) - begin) + "\n";
    begin = end + 1;
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return goracs::test::expect_parsed_or_refused(
      data, size,
      [](std::span<const std::byte> bytes) {
        const std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        const std::string printed = goracs::resolved_yaml(goracs::load_config({"fuzzed.yaml", text, {}}));
        const std::string again = goracs::resolved_yaml(goracs::load_config({"printed.yaml", printed, {}}));
        if (without_origins(printed) != without_origins(again)) {
          std::fprintf(stderr, "%s\nread back as\n%s\n", printed.c_str(), again.c_str());
          std::abort();
        }
      },
      goracs::ExitCode::kUsage);
}
