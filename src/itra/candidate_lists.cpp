#include "itra/candidate_lists.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/reduced_cost.hpp"

namespace goracs::itra {
namespace {

/// Entries of a row that the threshold of a list is estimated from.
constexpr std::int64_t kSample = 512;

/// About the kLength-th smallest of the differences, from every few of them (where to begin differs from row to row).
double list_threshold(std::int64_t row, std::span<const double> difference) {
  const auto cols = static_cast<std::int64_t>(difference.size());
  const std::int64_t step = std::max<std::int64_t>(1, cols / kSample);
  std::vector<double> sample;
  sample.reserve(static_cast<std::size_t>(cols / step + 1));
  for (std::int64_t j = (row * 7) % step; j < cols; j += step) sample.push_back(difference[static_cast<std::size_t>(j)]);
  const auto count = static_cast<std::int64_t>(sample.size());
  const std::int64_t place = std::clamp<std::int64_t>(CandidateLists::kLength * count / cols, 1, std::max<std::int64_t>(1, count - 1));
  if (place >= count) return sample.front();
  std::nth_element(sample.begin(), sample.begin() + place, sample.end());
  return sample[static_cast<std::size_t>(place)];
}

void append_arc(CandidateLists::List& list, std::span<const float> cost, std::size_t j) {
  list.cost.push_back(cost[j]);
  list.column.push_back(static_cast<std::int32_t>(j));
}

}  // namespace

void CandidateLists::rebuild(std::int64_t row, std::span<const float> cost, std::span<const double> column_dual, double row_dual) {
  std::vector<double> difference(cost.size());
  cpu::differences(cost, column_dual, difference);
  const double limit = std::max(list_threshold(row, difference), row_dual);
  List& list = change(row);
  list.cost.clear();
  list.column.clear();
  for (std::size_t j = 0; j < cost.size(); ++j)
    if (difference[j] <= limit) append_arc(list, cost, j);
}

void CandidateLists::add_violating(std::int64_t row, std::span<const float> cost, std::span<const double> column_dual, double row_dual) {
  if (is_long(row)) return rebuild(row, cost, column_dual, row_dual);
  append_violating(row, cost, column_dual, row_dual);
}

void CandidateLists::append_violating(std::int64_t row, std::span<const float> cost, std::span<const double> column_dual, double row_dual) {
  std::vector<std::int32_t> columns;
  cpu::columns_below(cost, column_dual, row_dual, columns);
  if (columns.size() > kLength) {
    const auto difference = [&](std::int32_t j) {
      return static_cast<double>(cost[static_cast<std::size_t>(j)]) - column_dual[static_cast<std::size_t>(j)];
    };
    std::nth_element(columns.begin(), columns.begin() + kLength, columns.end(), [&](std::int32_t a, std::int32_t b) {
      return difference(a) != difference(b) ? difference(a) < difference(b) : a < b;
    });
    columns.resize(kLength);
  }
  List& list = change(row);
  for (const std::int32_t j : columns) append_arc(list, cost, static_cast<std::size_t>(j));
}

CandidateLists::List& CandidateLists::change(std::int64_t row) {
  List& list = lists_[static_cast<std::size_t>(row)];
  if (trial_) before_.emplace_back(row, list);
  return list;
}

void CandidateLists::begin_trial() {
  before_.clear();
  trial_ = true;
}

void CandidateLists::keep_trial() { trial_ = false; }

void CandidateLists::undo_trial() {
  for (auto change = before_.rbegin(); change != before_.rend(); ++change)
    lists_[static_cast<std::size_t>(change->first)] = std::move(change->second);
  before_.clear();
  trial_ = false;
}

void CandidateLists::save(std::string& bytes) const {
  for (const List& list : lists_) {
    const std::size_t length = list.cost.size();
    bytes.append(reinterpret_cast<const char*>(&length), sizeof length);
    bytes.append(reinterpret_cast<const char*>(list.cost.data()), sizeof(float) * length);
    bytes.append(reinterpret_cast<const char*>(list.column.data()), sizeof(std::int32_t) * length);
  }
}

void CandidateLists::load(const char*& bytes) {
  for (List& list : lists_) {
    std::size_t length = 0;
    std::memcpy(&length, bytes, sizeof length);
    bytes += sizeof length;
    list.cost.resize(length);
    list.column.resize(length);
    std::memcpy(list.cost.data(), bytes, sizeof(float) * length);
    bytes += sizeof(float) * length;
    std::memcpy(list.column.data(), bytes, sizeof(std::int32_t) * length);
    bytes += sizeof(std::int32_t) * length;
  }
}

}  // namespace goracs::itra
