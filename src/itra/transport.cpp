#include "itra/transport.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "itra/exact_cost.hpp"

namespace goracs::itra {
namespace {

/// Cost of leaving a forbidden row's unit at home: no chain of arcs is as cheap, since any unit it ships to j can be shipped by an
/// allowed row instead at a cost of at most 1.
constexpr double kForbidden = -2;

template <class T>
void append_bytes(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
void append_vector(std::string& bytes, const std::vector<T>& values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), sizeof(T) * values.size());
}
template <class T>
void take_bytes(const char*& bytes, T& value) {
  std::memcpy(&value, bytes, sizeof value);
  bytes += sizeof value;
}
template <class T>
void take_vector(const char*& bytes, std::vector<T>& values) {
  std::memcpy(values.data(), bytes, sizeof(T) * values.size());
  bytes += sizeof(T) * values.size();
}

}  // namespace

Transport Transport::prepare(std::vector<CostRow> rows, std::int64_t num_valid, std::int64_t budget, bool relaxed, Options options) {
  Transport transport;
  transport.rows_ = std::move(rows);
  transport.num_valid_ = num_valid;
  transport.budget_ = budget;
  transport.relaxed_ = relaxed;
  transport.options_ = options;
  const std::int64_t rows_count = transport.num_rows(), divisor = std::gcd(budget, num_valid);
  GORACS_CHECK_INPUT(budget >= 1 && num_valid >= 1 && rows_count >= budget, "a transport of {} rows, {} of them at a time, and {} columns",
                     rows_count, budget, num_valid);
  GORACS_CHECK_INPUT(rows_count + num_valid + 2 <= std::numeric_limits<Node>::max(), "a transport of {} rows and {} columns is too large",
                     rows_count, num_valid);
  transport.row_units_ = static_cast<std::int32_t>(num_valid / divisor);
  transport.column_units_ = static_cast<std::int32_t>(budget / divisor);
  transport.dummy_cost_.assign(static_cast<std::size_t>(rows_count), 0.0);
  transport.shipped_.assign(static_cast<std::size_t>(rows_count), 0);
  transport.lists_.resize(rows_count);
  return transport;
}

Transport Transport::solve(std::vector<CostRow> rows, std::int64_t num_valid, Options options) {
  const auto budget = static_cast<std::int64_t>(rows.size());
  Transport transport = prepare(std::move(rows), num_valid, budget, false, options);
  transport.grow_tree(transport.cheapest_first_forest(), false);
  transport.build_lists(0);
  transport.optimise();
  transport.settle_solver();
  return transport;
}

Transport Transport::relaxed(std::vector<CostRow> rows, std::int64_t num_valid, std::int64_t budget, Options options) {
  Transport transport = prepare(std::move(rows), num_valid, budget, true, options);
  transport.grow_tree(transport.cheapest_first_forest(), false);
  transport.build_lists(0);
  transport.optimise();
  return transport;
}

double Transport::value() const noexcept {
  return std::ldexp(static_cast<double>(exact_value_), -kCostBits) / static_cast<double>(total_units());
}

std::vector<double> Transport::row_dual() const {
  std::vector<double> dual(rows_.size());
  for (std::int64_t slot = 0; slot < num_rows(); ++slot) dual[static_cast<std::size_t>(slot)] = dual_of(slot);
  const double largest = *std::max_element(dual.begin(), dual.end());
  if (relaxed_)
    for (double& x : dual) x -= largest;
  return dual;
}

std::vector<double> Transport::column_dual() const {
  std::vector<double> dual(potential_.begin(), potential_.begin() + num_valid_);
  if (!relaxed_) return dual;
  double largest = dual_of(0);
  for (std::int64_t slot = 1; slot < num_rows(); ++slot) largest = std::max(largest, dual_of(slot));
  for (double& y : dual) y += largest;
  return dual;
}

double Transport::cost(Node row, Node column) const {
  const auto slot = static_cast<std::size_t>(slot_of(row));
  return column == dummy() ? dummy_cost_[slot] : static_cast<double>(rows_[slot][column]);
}

void Transport::add_rows(std::span<const CostRow> rows) {
  const std::int64_t first = num_rows();
  GORACS_CHECK_INPUT(relaxed_, "rows can be added to a relaxed transport only");
  for (const CostRow row : rows) {
    rows_.push_back(row);
    dummy_cost_.push_back(0.0);
    shipped_.push_back(0);
    const Node node = tree_.append();
    potential_.push_back(0.0);
    if (tree_.parent(dummy()) == SpanningTree::kNone) {  // so far every unit was needed
      tree_.hang(node, tree_.root(), 0);
      tree_.hang(dummy(), node, row_units_);
      potential(dummy()) = potential(node);
    } else {
      tree_.hang(node, dummy(), row_units_);
      potential(node) = potential(dummy());
    }
  }
  lists_.resize(num_rows());
  build_lists(first);
}

void Transport::forbid(std::span<const std::int64_t> slots) {
  for (const std::int64_t slot : slots) {
    if (is_forbidden(slot)) continue;
    dummy_cost_[static_cast<std::size_t>(slot)] = kForbidden;
    const Node row = row_node(slot);
    if (tree_.parent(row) == dummy()) shift(row, -kForbidden);
    if (tree_.parent(dummy()) == row) shift(dummy(), kForbidden);
  }
  const auto allowed = std::count(dummy_cost_.begin(), dummy_cost_.end(), 0.0);
  GORACS_CHECK_INPUT(relaxed_ && allowed >= budget_, "{} rows of a transport stay allowed, {} are needed", allowed, budget_);
}

void Transport::solve_again() { optimise(); }

Transport Transport::of_allowed() const {
  std::vector<CostRow> rows;
  std::vector<std::int64_t> slot_there(rows_.size(), -1);
  for (std::int64_t slot = 0; slot < num_rows(); ++slot)
    if (!is_forbidden(slot)) {
      slot_there[static_cast<std::size_t>(slot)] = static_cast<std::int64_t>(rows.size());
      rows.push_back(row(slot));
    }
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(rows.size()) == budget_, "{} rows of a transport are allowed, expected {}", rows.size(),
                     budget_);
  std::vector<ForestArc> forest;
  for (const Flow& flow : flows())
    forest.push_back({slot_there[static_cast<std::size_t>(flow.slot)], static_cast<Node>(flow.column), flow.units});
  Transport transport = prepare(std::move(rows), num_valid_, budget_, false, options_);
  transport.potential_.assign(potential_.begin(), potential_.begin() + num_valid_ + 2);
  for (std::int64_t slot = 0; slot < num_rows(); ++slot)
    if (!is_forbidden(slot)) transport.potential_.push_back(potential(row_node(slot)));
  transport.grow_tree(forest, true);
  transport.build_lists(0);
  transport.optimise();
  transport.settle_solver();
  return transport;
}

std::string Transport::save() const {
  std::string bytes;
  append_bytes(bytes, num_rows());
  append_bytes(bytes, num_valid_);
  append_bytes(bytes, budget_);
  append_bytes(bytes, relaxed_);
  append_bytes(bytes, cursor_);
  append_bytes(bytes, exact_value_);
  append_vector(bytes, dummy_cost_);
  append_vector(bytes, shipped_);
  append_vector(bytes, potential_);
  tree_.save(bytes);
  flows_.save(bytes);
  lists_.save(bytes);
  return bytes;
}

Transport Transport::restore(std::vector<CostRow> rows, const std::string& saved) {
  const char* bytes = saved.data();
  std::int64_t num_rows = 0, num_valid = 0, budget = 0;
  bool relaxed = false;
  take_bytes(bytes, num_rows);
  take_bytes(bytes, num_valid);
  take_bytes(bytes, budget);
  take_bytes(bytes, relaxed);
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(rows.size()) == num_rows, "a saved transport has {} rows, expected {}", num_rows,
                     rows.size());
  Transport transport = prepare(std::move(rows), num_valid, budget, relaxed, Options());
  take_bytes(bytes, transport.cursor_);
  take_bytes(bytes, transport.exact_value_);
  take_vector(bytes, transport.dummy_cost_);
  take_vector(bytes, transport.shipped_);
  transport.potential_.resize(static_cast<std::size_t>(num_valid + 2 + num_rows));
  take_vector(bytes, transport.potential_);
  transport.tree_.load(bytes);
  transport.flows_.load(bytes);
  transport.lists_.load(bytes);
  return transport;
}

}  // namespace goracs::itra
