#pragma once

#include <torch/types.h>

#include <cstdint>

namespace goracs::test {

/// A device of LibTorch's whose memory the host cannot reach: a stand-in for a GPU where there is none. Its addresses belong to nobody, so code that
/// reads or writes them itself crashes; every operator computes with the CPU's kernel, and one that is given tensors of both sides throws, as on a GPU
/// (numbers, tensors without a dimension, may be of the host).
at::Device unreachable_device();

/// Bytes that `copy_` has brought from the device to the host so far.
std::int64_t bytes_to_host();

}  // namespace goracs::test
