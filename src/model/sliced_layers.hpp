#pragma once

#include <torch/types.h>

#include <array>
#include <cstdint>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs {

/// The frozen weights of a stack of layers in slices over the ranks. A layer is whole on a rank only while it is in use and the one before it is;
/// so a rank holds its slice of every layer and two whole ones.
///
/// A layer's tensors lie packed one after the other; rank r's slice is the r-th of `size` equal parts, the last padded:
///   10 values, 3 ranks:   rank 0: 0 1 2 3   rank 1: 4 5 6 7   rank 2: 8 9 - -
/// Asking for a layer starts the gather of the next one, which goes on while the layer computes:
///   at(0): gather 0, begin 1    at(1): end 1, begin 2    at(2): end 2, begin 3 ...
///
/// A gather needs all ranks, so they walk through the layers together: up (forward passes) or down (backward ones), always to the last. Before a
/// walk they agree on its direction; who has nothing to compute goes along (meet). So no rank needs to know how many passes another makes:
///   rank 0: pass up   pass up   meet      rank 1: pass up   meet ......      rank 2: meet ...............
///
/// Goals: the same bits as whole weights (each tensor lies as it would alone, to 64 bytes on the host, 512 on a device); two buffers; no thread.
/// Non-goals: weights outside the layers (embedding, head), whose products run over the whole vocabulary.
/// Ruled out: one-sided reads of other ranks' slices (over most networks they wait until the other rank looks; no deadline).
class SlicedLayers {
 public:
  /// `world` must live on. device: where the whole layers are, and the slices where `world` gathers there; else those are the host's.
  explicit SlicedLayers(Communicator& world, at::Device device = at::kCPU);
  /// A gather that is under way keeps its memory: the ranks' last meeting was missed because of an error, and the process ends.
  ~SlicedLayers();
  SlicedLayers(const SlicedLayers&) = delete;
  SlicedLayers& operator=(const SlicedLayers&) = delete;

  /// The next layer: keeps this rank's slice of these contiguous host tensors of one type. Not collective; all ranks append the same.
  void append(const std::vector<at::Tensor>& tensors);
  std::int64_t size() const noexcept { return static_cast<std::int64_t>(layers_.size()); }
  /// Whether the host holds nothing of them.
  bool are_on_device() const noexcept { return gathers_on_device_; }

  /// A layer's tensors, whole, as they were appended; they may be used until another layer is asked for (autograd checks that for what it keeps).
  /// Takes part in gathers where the layer is not here yet. Errors: kPeer.
  const std::vector<at::Tensor>& at(std::int64_t index);
  /// Ends this rank's part for now: goes along with the other ranks' passes until none makes one. Before every other exchange. Collective.
  void meet();

  /// Slices and buffers of this rank, in bytes.
  std::int64_t held_bytes() const;

 private:
  enum class Walk : std::int64_t { kNone, kDown, kUp };  ///< the largest that any rank wants is made
  struct Place {
    std::int64_t offset, bytes;
    std::vector<std::int64_t> shape;
  };
  struct Layer {
    at::Tensor slice;  ///< bytes of this rank
    at::ScalarType dtype;
    std::vector<Place> places;  ///< of its tensors in the whole
  };
  struct Buffer {
    at::Tensor gathered;            ///< where slices are
    at::Tensor bytes;               ///< on the device: `gathered` itself where that is there
    std::int64_t layer = kNoLayer;  ///< which is whole in it
    std::vector<at::Tensor> tensors;
  };
  static constexpr std::int64_t kNoLayer = -1;

  Buffer& buffer_of(std::int64_t layer) { return buffers_[static_cast<std::size_t>(layer % 2)]; }
  bool is_layer(std::int64_t index) const { return index >= 0 && index < size(); }
  bool is_whole(std::int64_t layer) { return buffer_of(layer).layer == layer; }
  bool is_ahead(std::int64_t layer) const;
  bool begin_walk(Walk wanted);
  void step();
  void finish_walk();
  void begin_gather(std::int64_t layer);
  void end_gather();

  Communicator& world_;
  at::Device device_;
  bool gathers_on_device_;
  std::vector<Layer> layers_;
  std::array<Buffer, 2> buffers_;
  Walk walk_ = Walk::kNone;
  std::int64_t under_way_ = kNoLayer;  ///< whose gather has begun
  std::int64_t asked_ = kNoLayer;      ///< last
};

}  // namespace goracs
