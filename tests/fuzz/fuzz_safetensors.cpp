// Any bytes as a safetensors file; what parses must stay inside the file.
#include "fuzz/fuzzed_input.hpp"
#include "model/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return goracs::test::expect_parsed_or_refused(data, size, [](std::span<const std::byte> file) {
    std::uint64_t covered = 0;
    for (const auto& [key, tensor] : goracs::parse_safetensors(file, "fuzzed")) {
      const auto bytes = static_cast<std::uint64_t>(tensor.count() * goracs::size_of(tensor.dtype));
      covered += bytes;
      if (bytes != tensor.bytes.size()) std::abort();
      if (bytes > 0 && (tensor.bytes.data() < file.data() || tensor.bytes.data() + bytes > file.data() + file.size())) std::abort();
    }
    if (covered > file.size()) std::abort();
  });
}
