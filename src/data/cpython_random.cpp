#include "data/cpython_random.hpp"

#include <bit>
#include <numeric>
#include <unordered_set>

namespace goracs {
namespace {

constexpr std::size_t kShift = 397;
constexpr std::uint32_t kUpper = 0x80000000U, kLower = 0x7FFFFFFFU, kTwist = 0x9908B0DFU;

std::uint32_t twisted(std::uint32_t upper, std::uint32_t lower) {
  const std::uint32_t mixed = (upper & kUpper) | (lower & kLower);
  return mixed >> 1 ^ (mixed & 1 ? kTwist : 0);
}

/// init_genrand(19650218), with which every init_by_array begins.
template <std::size_t n>
std::array<std::uint32_t, n> initial_state() {
  std::array<std::uint32_t, n> state;
  state[0] = 19650218U;
  for (std::size_t i = 1; i < n; ++i) state[i] = 1812433253U * (state[i - 1] ^ state[i - 1] >> 30) + static_cast<std::uint32_t>(i);
  return state;
}

/// The longest population that CPython's sample() copies: 21, and for k > 5 another 4^ceil(log4(3 k)).
std::uint64_t longest_pool(std::uint32_t k) {
  std::uint64_t size = 21;
  if (k <= 5) return size;
  std::uint64_t power = 1;
  while (power < std::uint64_t{3} * k) power *= 4;
  return size + power;
}

}  // namespace

CpythonRandom::CpythonRandom(std::uint64_t seed) {
  static const auto kInitial = initial_state<kStateSize>();
  state_ = kInitial;
  const std::uint32_t key[2] = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  const std::size_t length = key[1] != 0 ? 2 : 1;
  std::size_t i = 1, j = 0;
  const auto advance = [&] {
    if (++i < kStateSize) return;
    state_[0] = state_[kStateSize - 1];
    i = 1;
  };
  for (std::size_t k = 0; k < kStateSize; ++k) {
    state_[i] = (state_[i] ^ (state_[i - 1] ^ state_[i - 1] >> 30) * 1664525U) + key[j] + static_cast<std::uint32_t>(j);
    advance();
    j = j + 1 < length ? j + 1 : 0;
  }
  for (std::size_t k = 1; k < kStateSize; ++k) {
    state_[i] = (state_[i] ^ (state_[i - 1] ^ state_[i - 1] >> 30) * 1566083941U) - static_cast<std::uint32_t>(i);
    advance();
  }
  state_[0] = kUpper;
}

void CpythonRandom::refill() {
  std::size_t k = 0;
  for (; k < kStateSize - kShift; ++k) state_[k] = state_[k + kShift] ^ twisted(state_[k], state_[k + 1]);
  for (; k < kStateSize - 1; ++k) state_[k] = state_[k + kShift - kStateSize] ^ twisted(state_[k], state_[k + 1]);
  state_[k] = state_[kShift - 1] ^ twisted(state_[k], state_[0]);
  next_ = 0;
}

std::uint32_t CpythonRandom::word() {
  if (next_ == kStateSize) refill();
  std::uint32_t y = state_[next_++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9D2C5680U;
  y ^= y << 15 & 0xEFC60000U;
  return y ^ y >> 18;
}

std::uint32_t CpythonRandom::below(std::uint32_t n) {
  const int width = std::bit_width(n);
  std::uint32_t value = bits(width);
  while (value >= n) value = bits(width);
  return value;
}

std::vector<std::uint32_t> CpythonRandom::sample(std::uint32_t n, std::uint32_t k) {
  std::vector<std::uint32_t> taken(k);
  if (n <= longest_pool(k)) {
    std::vector<std::uint32_t> pool(n);
    std::iota(pool.begin(), pool.end(), 0U);
    for (std::uint32_t i = 0; i < k; ++i) {
      const std::uint32_t j = below(n - i);
      taken[i] = pool[j];
      pool[j] = pool[n - i - 1];
    }
    return taken;
  }
  std::unordered_set<std::uint32_t> selected;
  for (std::uint32_t& value : taken) {
    do value = below(n);
    while (!selected.insert(value).second);
  }
  return taken;
}

}  // namespace goracs
