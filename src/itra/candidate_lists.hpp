#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace goracs::itra {

/// For every row of a transport the few arcs that pricing looks at between two full sweeps: those of least cost - column dual when the list
/// was built, and every violating arc that a sweep found since. Changes of a trial can be taken back.
class CandidateLists {
 public:
  struct List {
    std::vector<float> cost;
    std::vector<std::int32_t> column;
  };
  /// Arcs of a fresh list, about.
  static constexpr std::int64_t kLength = 64;
  /// A list that grew past this is built anew.
  static constexpr std::size_t kLongest = 4 * kLength;

  void resize(std::int64_t rows) { lists_.resize(static_cast<std::size_t>(rows)); }
  const List& operator[](std::int64_t row) const { return lists_[static_cast<std::size_t>(row)]; }

  /// A fresh list of `row`: the arcs whose cost - column dual is at most a threshold that about kLength arcs of a sample pass, or `row_dual`.
  void rebuild(std::int64_t row, std::span<const float> cost, std::span<const double> column_dual, double row_dual);
  /// Adds the arcs with cost - column dual < row_dual, or rebuilds a list that got long.
  void add_violating(std::int64_t row, std::span<const float> cost, std::span<const double> column_dual, double row_dual);

  /// Adds the arcs with cost - column dual < row_dual, kLength of them at most (the lowest), however long the list gets.
  void append_violating(std::int64_t row, std::span<const float> cost, std::span<const double> column_dual, double row_dual);
  bool is_long(std::int64_t row) const { return (*this)[row].cost.size() > kLongest; }

  /// From now on changes are remembered, until they are kept or undone.
  void begin_trial();
  void keep_trial();
  void undo_trial();

  void save(std::string& bytes) const;
  void load(const char*& bytes);

 private:
  List& change(std::int64_t row);

  std::vector<List> lists_;
  std::vector<std::pair<std::int64_t, List>> before_;  ///< the lists a trial changed, as they were
  bool trial_ = false;
};

}  // namespace goracs::itra
