// A source of its own: the program of the tests whose GPU is emulated brings another.
#include "model/device_of_gpu.hpp"

#include <ATen/Context.h>

#include "base/error.hpp"

namespace goracs {

at::Device device_of_gpu() {
  GORACS_CHECK_USAGE(at::hasCUDA(), "a GPU was taken (run.device), but the LibTorch of this program has no CUDA; choose run.device cpu");
  return at::kCUDA;
}

}  // namespace goracs
