#pragma once

#include <torch/types.h>

namespace goracs {

/// The GPU that this process has taken, as a device of LibTorch's. Errors: kUsage where this LibTorch has no CUDA.
at::Device device_of_gpu();

}  // namespace goracs
