#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Functions.h>

#include <cstdint>
#include <vector>

namespace goracs::test {

/// The tensors of each layer.
using Stack = std::vector<std::vector<at::Tensor>>;

/// Tensors of odd sizes, the second of each layer where a file might have it: 8 bytes behind a multiple of 64.
inline Stack invented_stack(std::int64_t layers) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  Stack stack;
  for (std::int64_t i = 0; i < layers; ++i) {
    const at::Tensor pair = at::randn({2 + 31 * 7}, generator, at::kFloat);
    stack.push_back(
        {at::randn({1}, generator, at::kFloat), pair.narrow(0, 2, 31 * 7).view({31, 7}), at::randn({1000}, generator, at::kFloat)});
  }
  return stack;
}

}  // namespace goracs::test
