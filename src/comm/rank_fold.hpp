#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "comm/communicator.hpp"

namespace goracs {

template <class T>
T folded(T a, T b, ReduceOp op) {
  switch (op) {
    case ReduceOp::kMin: return std::min(a, b);
    case ReduceOp::kMax: return std::max(a, b);
    case ReduceOp::kSum: break;
  }
  return a + b;
}

/// out[k] = op over ranks r, in their order, of parts[r * out.size() + k]
template <class T>
void fold_ranks(std::span<const T> parts, std::span<T> out, ReduceOp op) {
  std::copy_n(parts.begin(), out.size(), out.begin());
  for (std::size_t row = out.size(); row < parts.size(); row += out.size())
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = folded(out[k], parts[row + k], op);
}

}  // namespace goracs
