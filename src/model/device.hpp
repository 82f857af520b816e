#pragma once

#include <torch/types.h>

#include <string>

#include "base/matrix.hpp"

namespace goracs {

// Where models compute. Weights are placed when they are loaded; whatever a pass makes follows the device of the weights or of the tensors that it is
// given. Nothing else names a device.

/// The GPU that this process has taken (comm/rank_gpu), with settle_on_device, else the CPU. Errors of LibTorch's there are kIo from then on
/// (base/current_error).
/// Errors: kUsage where a GPU was taken but this LibTorch has no CUDA.
at::Device model_device();

/// For the rest of the process: algorithms that give the same bits again, and backward passes of this thread on this thread, as on the CPU, since
/// between layers they speak with other ranks.
void settle_on_device();

/// Returns when all that this thread has queued on a device is done (its current stream). Errors: LibTorch's.
void finish_queued_work(at::Device device);

/// Gives back to the GPU what LibTorch keeps of it for later tensors: others allocate there too.
void release_device_memory();

/// `float32`, `bfloat16`, or `auto`: bfloat16 where the device multiplies it, which is every GPU, and processors with avx512_bf16 or amx_bf16;
/// else float32.
at::ScalarType compute_dtype(const std::string& setting, at::DeviceType device = at::kCPU);

/// A matrix of any floating-point type and device.
Matrix<double> host_matrix(const at::Tensor& tensor);

}  // namespace goracs
