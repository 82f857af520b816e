#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "model/adapter.hpp"

namespace goracs {

/// Says when the gradients of a layer are whole, while the backward pass goes on to the layers below.
///
/// A pass comes from the last layer down to the first, and to no layer before the gradient of that layer's output is whole: the first gradient of a
/// layer says that all layers above are done, whatever of theirs had no part in the loss.
class LayerGradients {
 public:
  /// Of a layer's tensors, in Adapter::layer_tensors() order; undefined where one has no part in the loss.
  using Whole = std::function<void(std::int64_t layer, const std::vector<at::Tensor>& gradients)>;

  /// For as long as the adapter's tensors, which track gradients, live. One backward pass by them at a time.
  explicit LayerGradients(const Adapter& adapter);

  /// Runs `backward`; in it `whole` is called for the last layer first, each once, but not for the lowest layers: those are whole when it ends.
  void during(const std::function<void()>& backward, const Whole& whole);

 private:
  struct Pass {
    std::vector<std::vector<at::Tensor>> gradients;  ///< of each layer
    std::int64_t lowest = 0;                         ///< layer of which there are gradients; those above are done
    const Whole* whole = nullptr;                    ///< none while nobody asks
    void take(std::int64_t layer, std::size_t tensor, const at::Tensor& gradient);
  };
  std::shared_ptr<Pass> pass_ = std::make_shared<Pass>();
  std::int64_t num_layers_;
  std::size_t tensors_a_layer_ = 0;
};

}  // namespace goracs
