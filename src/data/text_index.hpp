#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace goracs {

/// Distinct texts numbered 0, 1, ... in the order in which they were added: an open-addressing table over one block of characters, so that
/// neither looking up nor adding a text allocates (but for growth).
class TextIndex {
 public:
  static constexpr std::int32_t kNone = -1;

  TextIndex() { slots_.resize(16); }
  void reserve(std::size_t texts) {
    while (slots_.size() < 2 * texts) grow();
  }
  std::int32_t size() const noexcept { return static_cast<std::int32_t>(ends_.size()); }
  std::string_view operator[](std::int32_t number) const {
    const auto k = static_cast<std::size_t>(number);
    const std::size_t begin = k == 0 ? 0 : ends_[k - 1];
    return {characters_.data() + begin, ends_[k] - begin};
  }

  /// The text's number, or kNone.
  std::int32_t find(std::string_view text) const { return slots_[slot_of(text, hash(text))].number; }
  /// The text's number; a new one gets the next.
  std::int32_t add(std::string_view text) {
    const std::uint32_t h = hash(text);
    Slot& slot = slots_[slot_of(text, h)];
    if (slot.number != kNone) return slot.number;
    const std::int32_t number = size();
    slot = {h, number};
    characters_.append(text);
    ends_.push_back(characters_.size());
    if (slots_.size() < 2 * ends_.size()) grow();
    return number;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::int32_t number = kNone;
  };
  static std::uint32_t hash(std::string_view text) { return static_cast<std::uint32_t>(std::hash<std::string_view>{}(text)); }

  /// Where the text is, or the free slot where it would be.
  std::size_t slot_of(std::string_view text, std::uint32_t h) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = h & mask;
    while (slots_[slot].number != kNone && (slots_[slot].hash != h || (*this)[slots_[slot].number] != text)) slot = (slot + 1) & mask;
    return slot;
  }
  void grow() {
    std::vector<Slot> old(2 * slots_.size());
    old.swap(slots_);
    const std::size_t mask = slots_.size() - 1;
    for (const Slot& moved : old) {
      if (moved.number == kNone) continue;
      std::size_t slot = moved.hash & mask;
      while (slots_[slot].number != kNone) slot = (slot + 1) & mask;
      slots_[slot] = moved;
    }
  }

  std::vector<Slot> slots_;  ///< a power of two of them, at most half full
  std::string characters_;
  std::vector<std::size_t> ends_;
};

}  // namespace goracs
