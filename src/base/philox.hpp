#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace goracs {

/// Four 32-bit numbers: block `counter` of `key` (class Philox). constexpr also because kernels call it on the device (GoracsCuda.cmake).
constexpr std::array<std::uint32_t, 4> philox_block(std::uint64_t key, std::uint64_t counter, std::uint64_t stream = 0) {
  // multipliers and Weyl constants of the paper
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  constexpr int kRounds = 10;
  std::array<std::uint32_t, 4> c = {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32),
                                    static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < kRounds; ++round, k0 += kWeyl0, k1 += kWeyl1) {
    const std::uint64_t p0 = kMultiplier0 * c[0], p1 = kMultiplier1 * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1), static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1,
         static_cast<std::uint32_t>(p0)};
  }
  return c;
}

/// Philox4x32-10, a counter-based random generator (Salmon et al., SC 2011): number k of a key is computed from (key, k) alone, so draws
/// do not depend on the order, the rank or the thread that asks for them.
class Philox {
 public:
  explicit Philox(std::uint64_t key) : key_(key) {}
  /// A stream of its own for every (seed, name).
  Philox(std::uint64_t seed, std::string_view name);

  std::uint64_t key() const { return key_; }
  /// Four 32-bit numbers of block `counter`.
  std::array<std::uint32_t, 4> block(std::uint64_t counter, std::uint64_t stream = 0) const { return philox_block(key_, counter, stream); }
  /// Number `k` as a float in [0, 1), 24 bits.
  float uniform(std::uint64_t k, std::uint64_t stream = 0) const { return static_cast<float>(block(k / 4, stream)[k % 4] >> 8) * 0x1p-24F; }

 private:
  std::uint64_t key_;
};

}  // namespace goracs
