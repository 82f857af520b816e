#include "model/device.hpp"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <c10/core/AutogradState.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <algorithm>
#include <fstream>

#include "base/error.hpp"
#include "kernels/gpu.hpp"

namespace goracs {

at::Device model_device() {
  if (!cuda::in_use()) return at::kCPU;
  GORACS_CHECK_USAGE(at::hasCUDA(), "a GPU was taken (run.device), but the LibTorch of this program has no CUDA; choose run.device cpu");
  settle_on_device();
  return at::kCUDA;
}

void settle_on_device() {
  at::Context& torch = at::globalContext();
  torch.setDeterministicAlgorithms(true, /*warn_only=*/true);
  torch.setDeterministicFillUninitializedMemory(false);
  c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
}

void release_device_memory() {
  if (cuda::in_use() && at::hasCUDA()) at::getDeviceAllocator(at::kCUDA)->emptyCache();
}

at::ScalarType compute_dtype(const std::string& setting, at::DeviceType device) {
  if (setting == "float32") return at::kFloat;
  if (setting == "bfloat16" || device != at::kCPU) return at::kBFloat16;
  std::ifstream info("/proc/cpuinfo");
  for (std::string word; info >> word;)
    if (word == "avx512_bf16" || word == "amx_bf16") return at::kBFloat16;
  return at::kFloat;
}

Matrix<double> host_matrix(const at::Tensor& tensor) {
  const at::Tensor values = tensor.to(at::kDouble).to(at::kCPU).contiguous();
  Matrix<double> matrix(values.size(0), values.size(1));
  std::copy_n(values.const_data_ptr<double>(), values.numel(), matrix.data());
  return matrix;
}

}  // namespace goracs
