#include "train/layer_gradients.hpp"

#include "base/error.hpp"

namespace goracs {

LayerGradients::LayerGradients(const Adapter& adapter) : num_layers_(adapter.num_layers()) {
  for (std::int64_t layer = 0; layer < num_layers_; ++layer) {
    const std::vector<at::Tensor> tensors = adapter.layer_tensors(layer);
    tensors_a_layer_ = tensors.size();
    for (std::size_t k = 0; k < tensors.size(); ++k)
      tensors[k].register_hook([pass = pass_, layer, k](const at::Tensor& gradient) { pass->take(layer, k, gradient); });
  }
}

void LayerGradients::during(const std::function<void()>& backward, const Whole& whole) {
  struct Asked {
    Pass& pass;
    ~Asked() { pass = {}; }
  } const asked{*pass_};
  pass_->gradients.assign(static_cast<std::size_t>(num_layers_), std::vector<at::Tensor>(tensors_a_layer_));
  pass_->lowest = num_layers_ - 1;
  pass_->whole = &whole;
  backward();
}

// A layer that is computed again in the backward pass gives its gradients twice, the same ones.
void LayerGradients::Pass::take(std::int64_t layer, std::size_t tensor, const at::Tensor& gradient) {
  if (whole == nullptr) return;
  GORACS_CHECK_NUMERIC(layer <= lowest, "a gradient of layer {} came after those of layer {}", layer, lowest);
  for (; lowest > layer; --lowest) (*whole)(lowest, gradients[static_cast<std::size_t>(lowest)]);
  gradients[static_cast<std::size_t>(layer)][tensor] = gradient.detach();
}

}  // namespace goracs
