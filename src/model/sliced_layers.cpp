#include "model/sliced_layers.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "model/device.hpp"

namespace goracs {
namespace {

constexpr std::int64_t kHostAlignment = 64;     ///< of at::empty, and a cache line
constexpr std::int64_t kDeviceAlignment = 512;  ///< of LibTorch's allocations on a GPU

/// Where a tensor of its own would begin: products of weights that lie otherwise might round otherwise.
struct Alignment {
  std::int64_t bytes;
  bool as_in_file;  ///< a file's tensors begin anywhere; on a device they are copies

  explicit Alignment(at::Device device) : bytes(device.is_cpu() ? kHostAlignment : kDeviceAlignment), as_in_file(device.is_cpu()) {}
  std::int64_t rounded_up(std::int64_t end) const { return (end + bytes - 1) / bytes * bytes; }
  std::int64_t offset_of(const at::Tensor& tensor) const {
    return as_in_file ? static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr())) % bytes : 0;
  }
};

/// On the host or on the device.
std::byte* bytes_of(const at::Tensor& tensor) { return static_cast<std::byte*>(tensor.mutable_data_ptr()); }

at::Tensor empty_bytes(std::int64_t bytes, at::Device device) { return at::empty({bytes}, at::TensorOptions(at::kByte).device(device)); }

/// What is common to [a, a + a_size) and [b, b + b_size).
struct Overlap {
  std::int64_t begin, end;
  Overlap(std::int64_t a, std::int64_t a_size, std::int64_t b, std::int64_t b_size)
      : begin(std::max(a, b)), end(std::max(begin, std::min(a + a_size, b + b_size))) {}
};

}  // namespace

SlicedLayers::SlicedLayers(Communicator& world, at::Device device)
    : world_(world), device_(device), gathers_on_device_(!device.is_cpu() && world.gathers_on_device()) {}

SlicedLayers::~SlicedLayers() {
  if (under_way_ == kNoLayer) return;
  new std::array<Buffer, 2>(std::move(buffers_));
  new std::vector<Layer>(std::move(layers_));
}

void SlicedLayers::append(const std::vector<at::Tensor>& tensors) {
  Layer layer{{}, tensors.front().scalar_type(), {}};
  const Alignment aligned(device_);
  std::int64_t end = 0, room = 0;
  for (const at::Tensor& tensor : tensors) {
    const auto bytes = static_cast<std::int64_t>(tensor.nbytes());
    const std::int64_t offset = aligned.rounded_up(end) + aligned.offset_of(tensor);
    layer.places.push_back({offset, bytes, tensor.sizes().vec()});
    end = offset + bytes;
    room += aligned.rounded_up(bytes) + (aligned.as_in_file ? aligned.bytes : 0);  // wherever they begin
  }
  const std::int64_t part = aligned.rounded_up((room + world_.size() - 1) / world_.size()), first = part * world_.rank();
  const at::Tensor slice = at::zeros({part}, at::kByte);
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    const Place& place = layer.places[k];
    const Overlap own(first, part, place.offset, place.bytes);
    if (own.begin == own.end) continue;
    std::memcpy(bytes_of(slice) + (own.begin - first),
                static_cast<const std::byte*>(tensors[k].const_data_ptr()) + (own.begin - place.offset),
                static_cast<std::size_t>(own.end - own.begin));
  }
  const at::Device gathered_at = gathers_on_device_ ? device_ : at::kCPU;
  layer.slice = slice.to(gathered_at);
  const std::int64_t whole = part * world_.size();
  for (Buffer& buffer : buffers_)
    if (!buffer.bytes.defined() || buffer.bytes.numel() < whole) {
      buffer.gathered = empty_bytes(whole, gathered_at);
      buffer.bytes = buffer.gathered.to(device_);
    }
  layers_.push_back(std::move(layer));
}

const std::vector<at::Tensor>& SlicedLayers::at(std::int64_t index) {
  while (!is_whole(index)) {
    if (is_ahead(index)) {
      step();
    } else {
      finish_walk();
      begin_walk(asked_ == index + 1 ? Walk::kDown : Walk::kUp);
    }
  }
  asked_ = index;
  world_.advance_gather();
  return buffer_of(index).tensors;
}

void SlicedLayers::meet() {
  do finish_walk();
  while (begin_walk(Walk::kNone));
}

std::int64_t SlicedLayers::held_bytes() const {
  std::int64_t bytes = 0;
  for (const Layer& layer : layers_) bytes += layer.slice.numel();
  for (const Buffer& buffer : buffers_) bytes += buffer.bytes.defined() ? buffer.bytes.numel() : 0;
  return bytes;
}

bool SlicedLayers::is_ahead(std::int64_t layer) const {
  if (under_way_ == kNoLayer) return false;
  return walk_ == Walk::kUp ? layer >= under_way_ : layer <= under_way_;
}

/// False when no rank wants one. Layers that are whole from the walk before need no gather at its beginning; all ranks know of the same.
bool SlicedLayers::begin_walk(Walk wanted) {
  walk_ = static_cast<Walk>(world_.all_reduce(static_cast<std::int64_t>(wanted), ReduceOp::kMax));
  if (walk_ == Walk::kNone) return false;
  const std::int64_t direction = walk_ == Walk::kUp ? 1 : -1;
  std::int64_t first = walk_ == Walk::kUp ? 0 : size() - 1;
  while (is_layer(first) && is_whole(first)) first += direction;
  if (is_layer(first)) begin_gather(first);
  return true;
}

void SlicedLayers::step() {
  const std::int64_t next = under_way_ + (walk_ == Walk::kUp ? 1 : -1);
  end_gather();
  if (is_layer(next)) begin_gather(next);
}

void SlicedLayers::finish_walk() {
  while (under_way_ != kNoLayer) step();
}

void SlicedLayers::begin_gather(std::int64_t layer) {
  Buffer& buffer = buffer_of(layer);
  buffer.layer = kNoLayer;
  buffer.tensors.clear();
  buffer.bytes.unsafeGetTensorImpl()->bump_version();  // a graph that still holds its views finds out
  const at::Tensor& slice = layers_[static_cast<std::size_t>(layer)].slice;
  const auto part = static_cast<std::size_t>(slice.numel());
  under_way_ = layer;
  const std::span<const std::byte> own(bytes_of(slice), part);
  const std::span<std::byte> all(bytes_of(buffer.gathered), part * static_cast<std::size_t>(world_.size()));
  const std::string phase = fmt::format("gather of layer {}", layer);
  if (gathers_on_device_) {
    // The gather has a stream of its own, and LibTorch's may still be at the layer that was in this buffer. Nothing is queued behind that layer yet:
    // the one that was asked for begins to compute when we return, and the gather goes on beside it.
    finish_queued_work(device_);
    world_.begin_device_gather(phase, own, all);
  } else {
    world_.begin_gather(phase, own, all);
  }
}

void SlicedLayers::end_gather() {
  world_.end_gather();
  Buffer& buffer = buffer_of(under_way_);
  const Layer& layer = layers_[static_cast<std::size_t>(under_way_)];
  if (!buffer.bytes.is_same(buffer.gathered)) buffer.bytes.copy_(buffer.gathered);
  for (const Place& place : layer.places)
    buffer.tensors.push_back(buffer.bytes.narrow(0, place.offset, place.bytes).view(layer.dtype).view(place.shape));
  buffer.layer = std::exchange(under_way_, kNoLayer);
}

}  // namespace goracs
