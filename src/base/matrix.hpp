#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

namespace goracs {

/// A row-major matrix that somebody else owns: (rows, cols), rows `stride` elements apart.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  MatrixView() = default;
  MatrixView(T* first, std::int64_t num_rows, std::int64_t num_cols) : MatrixView(first, num_rows, num_cols, num_cols) {}
  MatrixView(T* first, std::int64_t num_rows, std::int64_t num_cols, std::int64_t row_stride)
      : data(first), rows(num_rows), cols(num_cols), stride(row_stride) {}
  /// A view of mutable elements is also one of constant elements.
  template <class U>
    requires(std::is_same_v<const U, T>)
  MatrixView(const MatrixView<U>& other) : MatrixView(other.data, other.rows, other.cols, other.stride) {}

  std::span<T> row(std::int64_t i) const { return {data + i * stride, static_cast<std::size_t>(cols)}; }
  T& operator()(std::int64_t i, std::int64_t j) const { return data[i * stride + j]; }
  /// Rows begin .. begin + count - 1.
  MatrixView rows_from(std::int64_t begin, std::int64_t count) const { return {data + begin * stride, count, cols, stride}; }
};

/// Owner of a dense row-major matrix on the host, 64-byte aligned, elements uninitialised.
template <class T>
class Matrix {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Matrix() = default;
  Matrix(std::int64_t rows, std::int64_t cols)
      : data_(static_cast<T*>(::operator new[](sizeof(T) * static_cast<std::size_t>(rows * cols), kAlignment))), rows_(rows), cols_(cols) {}

  std::int64_t rows() const noexcept { return rows_; }
  std::int64_t cols() const noexcept { return cols_; }
  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  std::span<T> row(std::int64_t i) { return view().row(i); }
  std::span<const T> row(std::int64_t i) const { return view().row(i); }
  T& operator()(std::int64_t i, std::int64_t j) { return data_[static_cast<std::size_t>(i * cols_ + j)]; }
  const T& operator()(std::int64_t i, std::int64_t j) const { return data_[static_cast<std::size_t>(i * cols_ + j)]; }
  MatrixView<T> view() { return {data_.get(), rows_, cols_}; }
  MatrixView<const T> view() const { return {data_.get(), rows_, cols_}; }
  operator MatrixView<T>() { return view(); }
  operator MatrixView<const T>() const { return view(); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete[](p, kAlignment); }
  };
  std::unique_ptr<T[], Free> data_;
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
};

}  // namespace goracs
