// Any bytes as the beginning of a .npy file; what is accepted counts its elements rightly.
#include <string_view>

#include "artifact/npy.hpp"
#include "fuzz/fuzzed_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return goracs::test::expect_parsed_or_refused(data, size, [](std::span<const std::byte> file) {
    const goracs::NpyHeader header = goracs::parse_npy_header({reinterpret_cast<const char*>(file.data()), file.size()}, "fuzzed");
    std::int64_t count = 1;
    for (const std::int64_t extent : header.shape) {
      if (extent < 0) std::abort();
      count *= extent;
    }
    if (count != header.num_elements || header.data_offset > static_cast<std::int64_t>(file.size())) std::abort();
  });
}
