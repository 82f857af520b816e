#include "model/device_kernels.hpp"

#include <ATen/Functions.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "kernels/device_memory.hpp"
#include "kernels/low_rank_norm.hpp"
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
  const at::Tensor states = hidden.contiguous(), counted = mask.to(at::kByte).contiguous();
  const at::Tensor mean = at::empty({states.size(0), states.size(2)}, states.options());
  const MaskedStates of{states.const_data_ptr<float>(), counted.const_data_ptr<std::uint8_t>(), states.size(0), states.size(1),
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

at::Tensor low_rank_norm(const at::Tensor& u, const at::Tensor& z) {
  const at::Tensor us = u.contiguous(), zs = z.contiguous();
  const at::Tensor norm = at::empty({us.size(0)}, us.options().dtype(at::kDouble));
  const cuda::OnStream scope = on_stream_of_torch(us.device());
  cuda::low_rank_norm({us.const_data_ptr<float>(), zs.const_data_ptr<float>(), us.size(0), us.size(1), us.size(2), zs.size(2)},
                      values_of<double>(norm));
  return norm;
}

at::Tensor dropout_mask(DropoutDraw draw, at::Device device) {
  const at::Tensor mask = at::empty({draw.sequences, draw.columns, draw.width}, at::TensorOptions(at::kFloat).device(device));
  if (device.is_cpu()) {
    cpu::dropout_mask(draw, values_of<float>(mask));
    return mask;
  }
  std::vector<std::int64_t> rows;
  for (std::int64_t b = 0; b < draw.sequences; ++b) rows.push_back(std::bit_cast<std::int64_t>(draw.key[b]));
  rows.insert(rows.end(), draw.skipped, draw.skipped + draw.sequences);
  const at::Tensor there = at::tensor(rows, at::kLong).to(device, /*non_blocking=*/true);
  draw.key = reinterpret_cast<const std::uint64_t*>(there.const_data_ptr<std::int64_t>());
  draw.skipped = there.const_data_ptr<std::int64_t>() + draw.sequences;
  const cuda::OnStream scope = on_stream_of_torch(device);
  cuda::dropout_mask(draw, values_of<float>(mask));
  return mask;
}

}  // namespace goracs
