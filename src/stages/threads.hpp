#pragma once

namespace goracs {

/// From now on OpenMP and LibTorch compute with so many threads in this process.
void use_threads(int threads);

}  // namespace goracs
