#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace goracs {

/// CPython's `random.Random`, number for number: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) seeded by init_by_array, and
/// the ways in which CPython 3.11 draws integers from it. The published test sets' negatives were drawn with it.
class CpythonRandom {
 public:
  /// random.seed(seed): the seed's 32-bit words, lowest first, are the key.
  explicit CpythonRandom(std::uint64_t seed);

  /// random.getrandbits(width), width 1 .. 32: one word of the generator, its upper bits.
  std::uint32_t bits(int width) { return word() >> (32 - width); }
  /// random.randrange(n), n >= 1: bits of n's width, drawn again while they are not below n.
  std::uint32_t below(std::uint32_t n);
  /// random.sample(range(n), k), k <= n, in the order drawn. CPython copies the range when it is short and remembers what it has taken
  /// when it is long; both are reproduced, as they consume different numbers.
  std::vector<std::uint32_t> sample(std::uint32_t n, std::uint32_t k);
  /// random.shuffle(values)
  template <class T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i-- > 1;) std::swap(values[i], values[below(static_cast<std::uint32_t>(i + 1))]);
  }

 private:
  static constexpr std::size_t kStateSize = 624;
  std::uint32_t word();
  void refill();

  std::array<std::uint32_t, kStateSize> state_;
  std::size_t next_ = kStateSize;
};

}  // namespace goracs
