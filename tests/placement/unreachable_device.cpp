#include "placement/unreachable_device.hpp"

#include <ATen/EmptyTensor.h>
#include <ATen/Functions.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/DeviceType.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <cuda_runtime_api.h>
#include <torch/library.h>

#include <optional>
#include <unordered_map>

#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"

namespace goracs::test {
namespace {

constexpr auto kDevice = c10::DeviceType::PrivateUse1;
const cudaStream_t kStream = nullptr;  // the default one, as LibTorch's is
std::int64_t copied_to_host = 0;

/// What LibTorch would queue behind the kernels of its stream happens at once here: they come first.
void finish_kernels() {
  const cudaError_t status = cudaStreamSynchronize(kStream);
  if (status != cudaSuccess) throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, status, "cudaStreamSynchronize failed");
}

void release(void* device) { fakes::free_shared(device); }

struct FarMemory final : c10::Allocator {
  c10::DataPtr allocate(std::size_t bytes) override {
    void* device = nullptr;
    if (bytes > 0) {
      const bool fails = fakes::begin_call("tensor") != 0;
      finish_kernels();  // it may be memory that one of them still reads
      device = fails ? nullptr : fakes::allocate_shared(bytes);
      TORCH_CHECK_WITH(OutOfMemoryError, device != nullptr, "the device has no ", bytes, " bytes left");
    }
    return {device, device, device == nullptr ? nullptr : &release, at::Device(kDevice, 0)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    finish_kernels();
    default_copy_data(fakes::host_view(to), fakes::host_view(from), bytes);
  }
};
FarMemory& memory() {
  static FarMemory kMemory;
  return kMemory;
}

bool is_far(const at::Tensor& tensor) { return tensor.defined() && tensor.device().type() == kDevice; }

/// The same numbers as a tensor of the host.
at::Tensor host_alias(const at::Tensor& tensor) {
  if (!is_far(tensor)) return tensor;
  void* data = tensor.numel() == 0 ? nullptr : fakes::host_view(tensor.const_data_ptr());
  if (data == nullptr) return at::empty(tensor.sizes(), tensor.options().device(at::kCPU));
  return at::from_blob(data, tensor.sizes(), tensor.strides(), [tensor](void*) {}, tensor.options().device(at::kCPU));
}

at::Tensor empty_strided(at::IntArrayRef sizes, at::IntArrayRef strides, std::optional<at::ScalarType> dtype, std::optional<at::Layout>,
                         std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(sizes, strides, &memory(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           dtype.value_or(at::kFloat));
}
at::Tensor empty(at::IntArrayRef sizes, std::optional<at::ScalarType> dtype, std::optional<at::Layout>, std::optional<at::Device>,
                 std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(sizes, &memory(), c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), dtype.value_or(at::kFloat),
                                   format);
}
at::Tensor& copy(at::Tensor& to, const at::Tensor& from, bool) {
  finish_kernels();
  if (!is_far(to)) copied_to_host += static_cast<std::int64_t>(from.nbytes());
  host_alias(to).copy_(host_alias(from));
  return to;
}
std::int64_t no_fused_attention(const at::Tensor&, const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, double, bool,
                                std::optional<double>, bool) {
  return 0;  // written out in products and a softmax
}

/// Any other operator: on host tensors over the same bytes, its results on the device.
class OnHost {
 public:
  explicit OnHost(const c10::OperatorHandle& op) : op_(op) {}

  void run(torch::jit::Stack& stack) {
    finish_kernels();
    const std::size_t arguments = op_.schema().arguments().size(), first = stack.size() - arguments;
    for (std::size_t k = first; k < stack.size(); ++k) stack[k] = near_value(stack[k]);
    TORCH_CHECK(!(saw_far_ && saw_host_), op_.schema().name(), ": tensors of the host and of the device");
    op_.callBoxed(&stack);
    for (std::size_t k = stack.size() - op_.schema().returns().size(); k < stack.size(); ++k) stack[k] = far_value(stack[k]);
  }

 private:
  at::Tensor near_tensor(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    if (!is_far(tensor)) {
      saw_host_ |= tensor.dim() > 0;
      return tensor;
    }
    saw_far_ = true;
    at::Tensor alias = host_alias(tensor);
    given_.emplace(alias.unsafeGetTensorImpl(), Given{alias, tensor});
    return alias;
  }
  at::Tensor far_tensor(const at::Tensor& result) {
    if (!result.defined()) return result;
    if (const auto given = given_.find(result.unsafeGetTensorImpl()); given != given_.end()) {
      const at::Tensor& far = given->second.far;
      if (far.sizes() != result.sizes()) become(far, result);
      return far;
    }
    for (const auto& [impl, given] : given_)
      TORCH_CHECK(result.numel() == 0 || result.storage().data() != given.near.storage().data(), op_.schema().name(), ": a view");
    return result.to(at::Device(kDevice, 0));
  }
  /// An operator has given the tensor another size.
  static void become(const at::Tensor& far, const at::Tensor& result) {
    const at::Tensor whole = result.to(at::Device(kDevice, 0));
    far.unsafeGetTensorImpl()->set_storage_keep_dtype(whole.storage());
    far.unsafeGetTensorImpl()->set_sizes_and_strides(whole.sizes(), whole.strides());
  }
  c10::IValue near_value(const c10::IValue& value) {
    if (value.isTensor()) return near_tensor(value.toTensor());
    if (value.isDevice()) return at::Device(at::kCPU);
    if (value.isTensorList()) {
      c10::List<at::Tensor> all;
      for (const at::Tensor& tensor : value.toTensorVector()) all.push_back(near_tensor(tensor));
      return all;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> all;
      for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector())
        all.push_back(tensor ? std::optional(near_tensor(*tensor)) : std::nullopt);
      return all;
    }
    return value;
  }
  c10::IValue far_value(const c10::IValue& value) {
    if (value.isTensor()) return far_tensor(value.toTensor());
    TORCH_CHECK(!value.isTensorList(), op_.schema().name(), ": a list");
    return value;
  }

  const c10::OperatorHandle& op_;
  bool saw_far_ = false, saw_host_ = false;
  struct Given {
    at::Tensor near, far;
  };
  std::unordered_map<c10::TensorImpl*, Given> given_;
};

void on_host(const c10::OperatorHandle& op, torch::jit::Stack* stack) { OnHost(op).run(*stack); }

struct Hooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
};

/// One device, one stream; operators have ended when they return.
struct OneDevice final : c10::impl::NoOpDeviceGuardImpl<c10::DeviceType::PrivateUse1> {
  at::Device exchangeDevice(at::Device) const override { return {kDevice, 0}; }
  at::Device getDevice() const override { return {kDevice, 0}; }
  c10::Stream getStream(at::Device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kDevice, 0}); }
  c10::Stream exchangeStream(c10::Stream) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, {kDevice, 0}); }
  bool isStreamCapturing(const c10::Stream&) const override { return false; }
  void* getStreamNativeHandle(const c10::Stream) const override { return kStream; }
  void synchronizeStream(const c10::Stream&) const override { finish_kernels(); }
  void record(void**, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {}
  void block(void*, const c10::Stream&) const override {}
};

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&on_host>()); }
TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", &empty);
  m.impl("empty_strided", &empty_strided);
  m.impl("copy_", &copy);
  m.impl("_fused_sdp_choice", &no_fused_attention);
  m.impl("as_strided", &at::native::as_strided_tensorimpl);
  m.impl("view", &at::native::view);
  m.impl("_reshape_alias", &at::native::_reshape_alias);
}
C10_REGISTER_GUARD_IMPL(PrivateUse1, OneDevice);

}  // namespace

at::Device unreachable_device() {
  static const bool kRegistered = [] {
    c10::register_privateuse1_backend("unreachable");
    c10::SetAllocator(kDevice, &memory());
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    return true;
  }();
  static_cast<void>(kRegistered);
  return {kDevice, 0};
}

std::int64_t bytes_to_host() { return copied_to_host; }

}  // namespace goracs::test
