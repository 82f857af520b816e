// Any bytes as a tokenizer.json; one that opens must cut up and join any text, with ids it has.
#include <sys/mman.h>
#include <unistd.h>

#include "data/tokenizer.hpp"
#include "fuzz/fuzzed_input.hpp"

namespace {

/// A file in memory with these bytes.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : descriptor_(memfd_create("tokenizer.json", 0)) {
    if (descriptor_ < 0 || write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  ~MemoryFile() { close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

constexpr std::string_view kText = "The game \"Zelda\" 12 </s> <s>\xc3\xa9\xe2\x96\x81\xf0\x9f\x8e\xae\n\t a##b\xff";

void use(const goracs::Tokenizer& tokenizer, std::string_view text) {
  for (const bool special_in_text : {false, true}) {
    const auto ids = tokenizer.encode(text, {true, special_in_text, 0});
    for (const goracs::TokenId id : ids)
      if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
    tokenizer.decode(ids, special_in_text);
    if (tokenizer.encode(text, {false, special_in_text, 3}).size() > 3) std::abort();
  }
  tokenizer.decode({-1, 0, 1, 1 << 30}, false);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return goracs::test::expect_parsed_or_refused(data, size, [](std::span<const std::byte> bytes) {
    const MemoryFile file(bytes);
    const auto tokenizer = goracs::open_tokenizer_json(file.path());
    use(*tokenizer, kText);
    use(*tokenizer, std::string_view(reinterpret_cast<const char*>(bytes.data()), std::min<std::size_t>(bytes.size(), 64)));
  });
}
