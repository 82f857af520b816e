#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace goracs {

/// Philox4x32-10, a counter-based random generator (Salmon et al., SC 2011): number k of a key is computed from (key, k) alone, so draws
/// do not depend on the order, the rank or the thread that asks for them.
class Philox {
 public:
  explicit Philox(std::uint64_t key) : key_(key) {}
  /// A stream of its own for every (seed, name).
  Philox(std::uint64_t seed, std::string_view name);

  /// Four 32-bit numbers of block `counter`.
  std::array<std::uint32_t, 4> block(std::uint64_t counter, std::uint64_t stream = 0) const;
  /// Number `k` as a float in [0, 1), 24 bits.
  float uniform(std::uint64_t k, std::uint64_t stream = 0) const { return static_cast<float>(block(k / 4, stream)[k % 4] >> 8) * 0x1p-24F; }

 private:
  std::uint64_t key_;
};

}  // namespace goracs
