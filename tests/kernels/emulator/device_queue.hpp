#pragma once

#include <driver_types.h>

#include <functional>
#include <string_view>

namespace goracs::emulator {

/// Puts off what a real device would do later: it runs when somebody waits for the stream, in the order of the calls. Returns the status
/// of the call, which a test may have asked to fail (kernels/fakes/cudart.cpp).
cudaError_t enqueue(cudaStream_t stream, std::string_view call, std::function<void()> operation);

}  // namespace goracs::emulator
