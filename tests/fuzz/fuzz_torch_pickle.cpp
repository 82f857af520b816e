// Any bytes as a file of torch.save, or (when they are no zip file) as the pickle inside one; every element of what parses must lie inside.
#include <string>

#include "fuzz/fuzzed_input.hpp"
#include "model/torch_pickle.hpp"
#include "support/torch_zip.hpp"

namespace {

void check(std::span<const std::byte> file) {
  for (const auto& [key, tensor] : goracs::parse_torch_pickle(file, "fuzzed")) {
    if (tensor.count() == 0) continue;
    std::int64_t last = 0;
    for (std::size_t k = 0; k < tensor.shape.size(); ++k) last += (tensor.shape[k] - 1) * tensor.strides[k];
    const std::byte* end = tensor.bytes.data() + (last + 1) * goracs::size_of(tensor.dtype);
    if (tensor.bytes.data() < file.data() || end > file.data() + file.size()) std::abort();
    if (static_cast<std::size_t>(tensor.count()) > file.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return goracs::test::expect_parsed_or_refused(data, size, [](std::span<const std::byte> input) {
    const std::string text(reinterpret_cast<const char*>(input.data()), input.size());
    if (text.starts_with("PK")) return check(input);
    const std::string file = goracs::test::stored_zip({{"a/data.pkl", text}, {"a/data/0", std::string(64, '\1')}});
    check(std::as_bytes(std::span(file)));
  });
}
