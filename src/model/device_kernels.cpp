#include "model/device_kernels.hpp"

#include <ATen/Functions.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <cstdint>

#include "kernels/device_memory.hpp"
#include "kernels/masked_mean.hpp"
#include "kernels/token_cross_entropy.hpp"

namespace goracs {
namespace {

cuda::OnStream on_stream_of_torch(const at::Device device) {
  return cuda::OnStream(c10::impl::VirtualGuardImpl(device.type()).getStream(device).native_handle());
}

template <class T>
std::span<T> values_of(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}
template <class T>
std::span<const T> constants_of(const at::Tensor& tensor) {
  return {tensor.const_data_ptr<T>(), static_cast<std::size_t>(tensor.numel())};
}

}  // namespace

at::Tensor masked_mean(const at::Tensor& hidden, const at::Tensor& mask) {
  const at::Tensor states = hidden.contiguous(), counts = mask.to(at::kByte).contiguous();
  const at::Tensor mean = at::empty({states.size(0), states.size(2)}, states.options());
  const MaskedStates of{states.const_data_ptr<float>(), counts.const_data_ptr<std::uint8_t>(), states.size(0), states.size(1),
                        states.size(2)};
  if (states.is_cpu()) {
    cpu::masked_mean(of, values_of<float>(mean));
  } else {
    const cuda::OnStream scope = on_stream_of_torch(states.device());
    cuda::masked_mean(of, values_of<float>(mean));
  }
  return mean;
}

at::Tensor token_cross_entropy(const at::Tensor& logits, const at::Tensor& label) {
  const at::Tensor rows = logits.to(at::kFloat).contiguous(), labels = label.to(at::kInt).contiguous();
  const at::Tensor loss = at::empty({rows.size(0)}, rows.options());
  const cuda::OnStream scope = on_stream_of_torch(rows.device());
  cuda::token_cross_entropy({rows.const_data_ptr<float>(), rows.size(0), rows.size(1)}, constants_of<std::int32_t>(labels),
                            values_of<float>(loss));
  return loss;
}

}  // namespace goracs
