#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace goracs::itra {

/// The positive flows of a transport, by column: which rows serve it with how many units.
class FlowTable {
 public:
  using Index = std::int32_t;
  static constexpr Index kNone = -1;
  struct Arc {
    Index slot, units, next;  ///< next: arc of the same column
  };

  void reset(std::int64_t columns);
  bool empty() const noexcept { return first_.empty(); }

  /// The arcs of a column: for (Index k = first(column); k != kNone; k = arc(k).next).
  Index first(Index column) const { return first_[static_cast<std::size_t>(column)]; }
  const Arc& arc(Index k) const { return arcs_[static_cast<std::size_t>(k)]; }
  Index units(Index column, Index slot) const;
  /// Adds units, which may be negative; an arc without units is gone.
  void add(Index column, Index slot, Index units);

  void save(std::string& bytes) const;
  void load(const char*& bytes);

 private:
  std::vector<Index> first_;
  std::vector<Arc> arcs_;
  Index free_ = kNone;  ///< arcs that are gone
};

}  // namespace goracs::itra
