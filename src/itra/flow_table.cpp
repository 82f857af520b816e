#include "itra/flow_table.hpp"

#include <cstring>

namespace goracs::itra {

void FlowTable::reset(std::int64_t columns) {
  first_.assign(static_cast<std::size_t>(columns), kNone);
  arcs_.clear();
  free_ = kNone;
}

FlowTable::Index FlowTable::units(Index column, Index slot) const {
  for (Index k = first(column); k != kNone; k = arc(k).next)
    if (arc(k).slot == slot) return arc(k).units;
  return 0;
}

void FlowTable::add(Index column, Index slot, Index units) {
  Index* link = &first_[static_cast<std::size_t>(column)];
  while (*link != kNone && arc(*link).slot != slot) link = &arcs_[static_cast<std::size_t>(*link)].next;
  if (*link != kNone) {
    const Index k = *link;
    Arc& found = arcs_[static_cast<std::size_t>(k)];
    found.units += units;
    if (found.units != 0) return;
    *link = found.next;
    found.next = free_;
    free_ = k;
  } else if (free_ != kNone) {
    Arc& reused = arcs_[static_cast<std::size_t>(free_)];
    *link = free_;
    free_ = reused.next;
    reused = {slot, units, kNone};
  } else {
    *link = static_cast<Index>(arcs_.size());
    arcs_.push_back({slot, units, kNone});
  }
}

void FlowTable::save(std::string& bytes) const {
  const Index sizes[] = {static_cast<Index>(first_.size()), static_cast<Index>(arcs_.size()), free_};
  bytes.append(reinterpret_cast<const char*>(sizes), sizeof sizes);
  bytes.append(reinterpret_cast<const char*>(first_.data()), sizeof(Index) * first_.size());
  bytes.append(reinterpret_cast<const char*>(arcs_.data()), sizeof(Arc) * arcs_.size());
}

void FlowTable::load(const char*& bytes) {
  Index sizes[3];
  std::memcpy(sizes, bytes, sizeof sizes);
  bytes += sizeof sizes;
  first_.resize(static_cast<std::size_t>(sizes[0]));
  arcs_.resize(static_cast<std::size_t>(sizes[1]));
  free_ = sizes[2];
  std::memcpy(first_.data(), bytes, sizeof(Index) * first_.size());
  bytes += sizeof(Index) * first_.size();
  std::memcpy(arcs_.data(), bytes, sizeof(Arc) * arcs_.size());
  bytes += sizeof(Arc) * arcs_.size();
}

}  // namespace goracs::itra
