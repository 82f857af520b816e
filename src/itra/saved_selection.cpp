#include "itra/saved_selection.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/error.hpp"

namespace goracs::itra {
namespace {

class Writer {
 public:
  template <class T>
  void operator()(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  void operator()(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    (*this)(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), sizeof(T) * values.size());
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    bytes_ += text;
  }
  std::string bytes() && { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  template <class T>
  void operator()(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    take(&value, sizeof value);
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    values.resize(size_of(sizeof(T)));
    take(values.data(), sizeof(T) * values.size());
  }
  void operator()(std::string& text) {
    text.resize(size_of(1));
    take(text.data(), text.size());
  }

 private:
  std::size_t size_of(std::size_t element) {
    std::size_t size = 0;
    (*this)(size);
    check(size <= (bytes_.size() - at_) / element);
    return size;
  }
  void take(void* into, std::size_t bytes) {
    check(bytes <= bytes_.size() - at_);
    std::memcpy(into, bytes_.data() + at_, bytes);
    at_ += bytes;
  }
  void check(bool fits) const {
    GORACS_CHECK_INPUT(fits, "saved state of a selection: it ends after {} bytes, in the middle of a value", bytes_.size());
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

/// All fields of a selection of one class, in one order for writing and reading.
template <class Field, class AnySelection>
void for_fields(AnySelection& s, Field& field) {
  field(s.indices);
  field(s.greedy_indices);
  field(s.trace);
  field(s.poo_score);
  field(s.greedy_poo_score);
  field(s.lower_bound);
  field(s.stop_reason);
  field(s.transport_solves);
  field(s.seconds_distance);
  field(s.seconds_greedy);
  field(s.seconds_refine);
  field(s.bytes_per_exchange);
}

}  // namespace

SelectionState save(const SavedSelection& saved) {
  Writer write;
  for (const Selection& selection : saved.done) for_fields(selection, write);
  write(saved.exchanges.value_or(""));
  return {static_cast<std::int32_t>(saved.done.size()), std::move(write).bytes()};
}

SavedSelection restore(const SelectionState& state) {
  SavedSelection saved;
  Reader read(state.bytes);
  saved.done.resize(static_cast<std::size_t>(state.class_index));
  for (Selection& selection : saved.done) for_fields(selection, read);
  read(saved.exchanges.emplace());
  return saved;
}

}  // namespace goracs::itra
