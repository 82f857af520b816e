#include "model/device.hpp"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <c10/core/AutogradState.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <fstream>

#include "base/current_error.hpp"
#include "kernels/gpu.hpp"
#include "model/device_of_gpu.hpp"

namespace goracs {
namespace {

std::optional<Error> explain(const std::exception& thrown) {
  if (const auto* full = dynamic_cast<const c10::OutOfMemoryError*>(&thrown))
    return Error(ExitCode::kIo, fmt::format("no memory of the GPU for a tensor of LibTorch's: {}", full->what_without_backtrace()));
  if (const auto* failed = dynamic_cast<const c10::AcceleratorError*>(&thrown))
    return Error(ExitCode::kIo, fmt::format("LibTorch's work on the GPU: {}", failed->what_without_backtrace()));
  return std::nullopt;
}

}  // namespace

at::Device model_device() {
  if (!cuda::in_use()) return at::kCPU;
  const at::Device gpu = device_of_gpu();
  explain_errors(&explain);
  settle_on_device();
  return gpu;
}

void settle_on_device() {
  at::Context& torch = at::globalContext();
  torch.setDeterministicAlgorithms(true, /*warn_only=*/true);
  torch.setDeterministicFillUninitializedMemory(false);
  c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
}

void finish_queued_work(at::Device device) { c10::impl::VirtualGuardImpl(device.type()).getStream(device).synchronize(); }

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
