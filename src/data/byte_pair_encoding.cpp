#include "data/byte_pair_encoding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "base/error.hpp"
#include "data/unicode.hpp"

namespace goracs {
namespace {

constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
constexpr std::size_t kMostRemembered = 1 << 17;  // words; then the memory starts anew
constexpr std::size_t kLongestRemembered = 48;    // bytes
constexpr std::size_t kFewParts = 24;             // below this a scan beats a heap

std::uint64_t pair_key(TokenId left, TokenId right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
}
std::uint64_t scattered(std::uint64_t key) {
  key *= 0x9E3779B97F4A7C15ULL;
  return key ^ key >> 29;
}

}  // namespace

BytePairEncoding::BytePairEncoding(std::unordered_map<std::string, TokenId> vocab,
                                   const std::vector<std::pair<std::string, std::string>>& merges, const Settings& settings,
                                   const std::string& file)
    : settings_(settings) {
  vocab_.reserve(vocab.size());
  for (auto& [text, id] : vocab) vocab_.emplace(text, id);
  for (int b = 0; b < 256; ++b) {
    const std::string text = settings.symbols == Symbols::kBytes ? std::string(1, static_cast<char>(b)) : fmt::format("<0x{:02X}>", b);
    const auto found = vocab_.find(text);
    byte_ids_[b] = found == vocab_.end() ? -1 : found->second;
  }
  std::uint64_t slots = 16;
  while (slots < 2 * merges.size()) slots *= 2;
  merge_mask_ = slots - 1;
  merge_keys_.assign(slots, kEmpty);
  merge_values_.resize(slots);
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    const auto l = vocab_.find(left), r = vocab_.find(right), both = vocab_.find(left + right);
    GORACS_CHECK_INPUT(l != vocab_.end() && r != vocab_.end() && both != vocab_.end(),
                       "{}: merge {} names a token that is not in the vocabulary", file, rank);
    const std::uint64_t key = pair_key(l->second, r->second);
    std::uint64_t slot = scattered(key) & merge_mask_;
    while (merge_keys_[slot] != kEmpty && merge_keys_[slot] != key) slot = (slot + 1) & merge_mask_;
    merge_keys_[slot] = key;
    merge_values_[slot] = {static_cast<std::int32_t>(rank), both->second};
  }
}

const BytePairEncoding::Merge* BytePairEncoding::find(TokenId left, TokenId right) const {
  const std::uint64_t key = pair_key(left, right);
  for (std::uint64_t slot = scattered(key) & merge_mask_; merge_keys_[slot] != kEmpty; slot = (slot + 1) & merge_mask_)
    if (merge_keys_[slot] == key) return &merge_values_[slot];
  return nullptr;
}

void BytePairEncoding::symbols_of(std::string_view word) const {
  parts_.clear();
  const auto add = [&](TokenId id) {
    const auto index = static_cast<std::int32_t>(parts_.size());
    parts_.push_back({id, index - 1, index + 1});
  };
  if (settings_.symbols == Symbols::kBytes) {
    for (const char c : word)
      if (const TokenId id = byte_ids_[static_cast<unsigned char>(c)]; id >= 0) add(id);
  } else {
    bool unknown_before = false;
    for (std::size_t at = 0; at < word.size();) {
      const auto length = static_cast<std::size_t>(unicode::decode(word, at).length);
      const std::string_view character = word.substr(at, length);
      at += length;
      if (const auto found = vocab_.find(character); found != vocab_.end()) {
        add(found->second);
        unknown_before = false;
        continue;
      }
      const bool all_bytes = settings_.byte_fallback && std::all_of(character.begin(), character.end(),
                                                                    [&](char c) { return byte_ids_[static_cast<unsigned char>(c)] >= 0; });
      if (all_bytes) {
        for (const char c : character) add(byte_ids_[static_cast<unsigned char>(c)]);
        unknown_before = false;
      } else if (settings_.unknown) {
        if (!(settings_.fuse_unknown && unknown_before)) add(*settings_.unknown);
        unknown_before = true;
      }
    }
  }
  if (!parts_.empty()) parts_.back().next = -1;
}

void BytePairEncoding::merge_few() const {
  while (parts_.size() > 1) {
    const Merge* best = nullptr;
    std::size_t where = 0;
    for (std::size_t k = 0; k + 1 < parts_.size(); ++k) {
      const Merge* merge = find(parts_[k].id, parts_[k + 1].id);
      if (merge != nullptr && (best == nullptr || merge->rank < best->rank)) {
        best = merge;
        where = k;
      }
    }
    if (best == nullptr) return;
    parts_[where].id = best->merged;
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
}

void BytePairEncoding::merge_many() const {
  struct Candidate {
    std::int32_t rank, left, right;
    TokenId left_id, right_id, merged;
    bool operator>(const Candidate& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](std::int32_t left) {
    if (left < 0) return;
    const std::int32_t right = parts_[static_cast<std::size_t>(left)].next;
    if (right < 0) return;
    const TokenId l = parts_[static_cast<std::size_t>(left)].id, r = parts_[static_cast<std::size_t>(right)].id;
    if (const Merge* merge = find(l, r)) queue.push({merge->rank, left, right, l, r, merge->merged});
  };
  for (std::size_t k = 0; k + 1 < parts_.size(); ++k) offer(static_cast<std::int32_t>(k));
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Part& left = parts_[static_cast<std::size_t>(top.left)];
    Part& right = parts_[static_cast<std::size_t>(top.right)];
    if (left.id != top.left_id || right.id != top.right_id || left.next != top.right) continue;  // merged otherwise meanwhile
    left.id = top.merged;
    left.next = right.next;
    right.id = -1;
    if (right.next >= 0) parts_[static_cast<std::size_t>(right.next)].previous = top.left;
    offer(left.previous);
    offer(top.left);
  }
}

void BytePairEncoding::encode(std::string_view word, std::vector<TokenId>& ids) const {
  if (word.size() <= kLongestRemembered) {
    if (const auto found = remembered_.find(word); found != remembered_.end()) {
      ids.insert(ids.end(), found->second.begin(), found->second.end());
      return;
    }
  }
  const std::size_t first = ids.size();
  const auto whole = settings_.ignore_merges ? vocab_.find(word) : vocab_.end();
  if (whole != vocab_.end()) {
    ids.push_back(whole->second);
  } else {
    symbols_of(word);
    parts_.size() < kFewParts ? merge_few() : merge_many();
    for (const Part& part : parts_)
      if (part.id >= 0) ids.push_back(part.id);
  }
  if (word.size() > kLongestRemembered) return;
  if (remembered_.size() >= kMostRemembered) remembered_.clear();
  remembered_.emplace(std::string(word), std::vector<TokenId>(ids.begin() + static_cast<std::ptrdiff_t>(first), ids.end()));
}

}  // namespace goracs
