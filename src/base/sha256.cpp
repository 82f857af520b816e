#include "base/sha256.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include <array>
#include <cstring>
#include <fstream>

#include "base/error.hpp"
#include "base/open_error.hpp"

namespace goracs {
namespace {

/// Hands a file's bytes to `sink` in pieces. A file that cannot be opened is the user's fault or the disk's (base/open_error.hpp).
template <class Sink>
void read_pieces(const std::filesystem::path& file, Sink sink) {
  constexpr std::size_t kPiece = 1 << 20;
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  GORACS_CHECK_AS(code_of_open_error(errno), in.good(), "{}: cannot open: {}", file.string(), std::strerror(errno));
  const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
  while (in) {
    in.read(piece.get(), static_cast<std::streamsize>(kPiece));
    sink(std::span<const char>(piece.get(), static_cast<std::size_t>(in.gcount())));
  }
  GORACS_CHECK_IO(in.eof(), "{}: cannot read: {}", file.string(), std::strerror(errno));
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { EVP_DigestInit_ex(context, EVP_sha256(), nullptr); }
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::add(std::span<const std::byte> bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.hex();
}

std::string sha256_file(const std::filesystem::path& file) {
  Sha256 hash;
  read_pieces(file, [&](std::span<const char> piece) { hash.add(std::as_bytes(piece)); });
  return hash.hex();
}

std::string xxh3_hex(std::string_view text) {
  const XXH128_hash_t digest = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
}

std::string xxh3_file(const std::filesystem::path& file) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  read_pieces(file, [&](std::span<const char> piece) { XXH3_128bits_update(state.get(), piece.data(), piece.size()); });
  const XXH128_hash_t digest = XXH3_128bits_digest(state.get());
  return fmt::format("{:016x}{:016x}", digest.high64, digest.low64);
}

}  // namespace goracs
