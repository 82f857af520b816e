#pragma once

#include <torch/types.h>

#include <cstdint>

namespace goracs::test {

/// The emulated GPU as a device of LibTorch's. Its memory is the fake cudart's: the host cannot touch it, kernels can. Every operator computes with the
/// CPU's kernel, and one that is given tensors of both sides throws, as on a GPU (numbers, tensors without a dimension, may be of the host).
/// Its stream is CUDA's default one; operators are over when they return.
at::Device unreachable_device();

/// Bytes that `copy_` has brought from the device to the host so far.
std::int64_t bytes_to_host();

}  // namespace goracs::test
