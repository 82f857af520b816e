#include "itra/rounding_cuts.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "itra/relaxed_transport.hpp"
#include "kernels/lowest_columns.hpp"

namespace goracs::itra {
namespace {

constexpr std::int64_t kLinksPerColumn = 8, kFewestLinks = 64;  // of a row: so many for each of the R columns that it supplies

/// An arc of a transport with its reduced cost.
struct Link {
  double height;
  std::int64_t column, slot;
  friend bool operator<(const Link& a, const Link& b) {
    return std::tie(a.height, a.column, a.slot) < std::tie(b.height, b.column, b.slot);
  }
};

/// Single-linkage clustering of columns (leaves 0 .. M-1) and slots (M, M+1 ...).
class Clustering {
 public:
  Clustering(std::int64_t columns, std::int64_t slots) : columns_(columns), clusters_(static_cast<std::size_t>(columns + slots)) {
    for (std::int64_t j = 0; j < columns; ++j) at(j).columns = 1;
  }

  /// In ascending order of height.
  void join(const Link& link) {
    const std::int64_t a = top(link.column), b = top(columns_ + link.slot);
    if (a == b) return;
    const auto joined = static_cast<std::int64_t>(clusters_.size());
    clusters_.push_back({at(a).columns + at(b).columns});
    for (const std::int64_t part : {a, b}) {
      at(part).parent = at(part).top = joined;
      at(part).joined_at = link.height;
    }
    highest_ = link.height;
  }

  /// Disjoint clusters of largest total `gain(columns, joined_at)`: for each column the number of its cluster.
  template <class Gain>
  std::vector<std::int32_t> best_cut(Gain&& gain) {
    std::vector<double> own(clusters_.size()), below(clusters_.size(), 0.0);
    for (std::size_t x = 0; x < clusters_.size(); ++x) {  // parts come before what they make up
      const Cluster& cluster = clusters_[x];
      own[x] = gain(cluster.columns, cluster.parent == kNone ? highest_ : cluster.joined_at);
      if (cluster.parent != kNone) below[static_cast<std::size_t>(cluster.parent)] += std::max(own[x], below[x]);
    }
    std::vector<std::int64_t> chosen(clusters_.size());
    for (std::size_t x = clusters_.size(); x-- > 0;) {
      const std::int64_t parent = clusters_[x].parent;
      const std::int64_t above = parent == kNone ? kNone : chosen[static_cast<std::size_t>(parent)];
      chosen[x] = above != kNone ? above : own[x] > 0 && own[x] >= below[x] ? static_cast<std::int64_t>(x) : kNone;
    }
    std::vector<std::int32_t> group;
    for (std::int64_t j = 0; j < columns_; ++j) group.push_back(static_cast<std::int32_t>(chosen[static_cast<std::size_t>(j)]));
    return group;
  }

 private:
  static constexpr std::int64_t kNone = -1;
  struct Cluster {
    std::int64_t columns = 0;
    std::int64_t parent = kNone;
    std::int64_t top = kNone;  ///< an ancestor: the way to the root gets shorter as it is gone
    double joined_at = 0;
  };
  Cluster& at(std::int64_t x) { return clusters_[static_cast<std::size_t>(x)]; }
  std::int64_t top(std::int64_t x) {
    while (at(x).top != kNone) {
      if (at(at(x).top).top != kNone) at(x).top = at(at(x).top).top;
      x = at(x).top;
    }
    return x;
  }

  std::int64_t columns_;
  std::vector<Cluster> clusters_;
  double highest_ = 0;
};

/// What a cut over so many columns cuts off the relaxed transport, whose rows ship all they are in the coreset for.
double violation(std::int64_t columns, std::int64_t budget, std::int64_t num_valid) {
  const std::int64_t left = budget * columns % num_valid;
  return static_cast<double>(left) * static_cast<double>(num_valid - left);
}

/// Groups of columns that are far from the rest, and do not come out even.
std::vector<std::int32_t> column_groups(const RelaxedTransport& relaxed, const CostRows& cost, std::int64_t budget, Communicator& world) {
  const std::int64_t columns = cost.num_valid(), slots = relaxed.transport.num_rows();
  const std::vector<double> row_dual = relaxed.transport.row_dual(), column_dual = relaxed.transport.column_dual();
  const std::int64_t count = std::min(columns, std::max(kFewestLinks, kLinksPerColumn * ((columns + budget - 1) / budget)));
  std::vector<std::int64_t> own_slots, own_rows;
  for (std::int64_t slot = 0; slot < slots; ++slot)
    if (const std::int64_t row = relaxed.rows[static_cast<std::size_t>(slot)]; cost.rows().contains(row)) {
      own_slots.push_back(slot);
      own_rows.push_back(row - cost.rows().begin);
    }
  Matrix<CostArc> first(static_cast<std::int64_t>(own_rows.size()), count);
  cost.kernels().lowest_columns(cost.block(), own_rows, column_dual, first);
  std::vector<Link> links;
  for (std::size_t k = 0; k < own_slots.size(); ++k)
    for (const CostArc& arc : first.row(static_cast<std::int64_t>(k)))
      links.push_back({static_cast<double>(arc.cost) - column_dual[static_cast<std::size_t>(arc.column)] -
                           row_dual[static_cast<std::size_t>(own_slots[k])],
                       arc.column, own_slots[k]});
  links = world.all_gather(std::span<const Link>(links));
  std::sort(links.begin(), links.end());
  Clustering clustering(columns, slots);
  for (const Link& link : links) clustering.join(link);
  return clustering.best_cut([&](std::int64_t within, double joined_at) { return violation(within, budget, columns) * joined_at; });
}

std::int32_t most_frequent(std::vector<std::int32_t>& groups) {
  std::sort(groups.begin(), groups.end());
  std::int32_t best = RoundingCuts::kNone;
  std::ptrdiff_t most = 0;
  for (auto begin = groups.begin(); begin != groups.end();) {
    const auto end = std::upper_bound(begin, groups.end(), *begin);
    if (end - begin > most) {
      most = end - begin;
      best = *begin;
    }
    begin = end;
  }
  return best;
}

std::vector<std::int32_t> nearest_groups(const std::vector<std::int32_t>& column_group, std::span<const double> column_dual,
                                         const CostRows& cost, std::int64_t budget, Communicator& world) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(cost.rows().size()));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  Matrix<CostArc> first(cost.rows().size(), (cost.num_valid() + budget - 1) / budget);
  cost.kernels().lowest_columns(cost.block(), rows, column_dual, first);
  std::vector<std::int32_t> own(rows.size());
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < rows.size(); ++k) {
    std::vector<std::int32_t> groups;
    for (const CostArc& arc : first.row(static_cast<std::int64_t>(k))) groups.push_back(column_group[static_cast<std::size_t>(arc.column)]);
    own[k] = most_frequent(groups);
  }
  return world.all_gather(std::span<const std::int32_t>(own));
}

}  // namespace

RoundingCuts RoundingCuts::between_groups(const RelaxedTransport& relaxed, std::span<const double> column_dual, const CostRows& cost,
                                          std::int64_t budget, Communicator& world) {
  const std::vector<std::int32_t> column_group = column_groups(relaxed, cost, budget, world);
  return {nearest_groups(column_group, column_dual, cost, budget, world), column_group, budget};
}

RoundingCuts::RoundingCuts(std::vector<std::int32_t> row_group, const std::vector<std::int32_t>& column_group, std::int64_t budget)
    : cut_of_row_(std::move(row_group)), cut_of_column_(column_group.size(), kNone) {
  std::map<std::int32_t, std::vector<std::int32_t>> columns_of;
  for (std::size_t j = 0; j < column_group.size(); ++j)
    if (column_group[j] != kNone) columns_of[column_group[j]].push_back(static_cast<std::int32_t>(j));
  const auto row_units = static_cast<std::int64_t>(column_group.size());
  std::map<std::int32_t, std::int32_t> cut_of_group;
  for (auto& [group, columns] : columns_of) {
    const std::int64_t wanted = budget * static_cast<std::int64_t>(columns.size()), left = wanted % row_units;
    if (left == 0) continue;
    const auto cut = static_cast<std::int32_t>(cuts_.size());
    cut_of_group[group] = cut;
    for (const std::int32_t j : columns) cut_of_column_[static_cast<std::size_t>(j)] = cut;
    cuts_.push_back({std::move(columns), left, (row_units - left) * (wanted / row_units)});
  }
  for (std::int32_t& group : cut_of_row_) {
    const auto cut = cut_of_group.find(group);
    group = cut == cut_of_group.end() ? kNone : cut->second;
  }
}

}  // namespace goracs::itra
