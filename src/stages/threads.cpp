#include "stages/threads.hpp"

#include <ATen/Parallel.h>
#include <omp.h>

namespace goracs {

void use_threads(int threads) {
  omp_set_num_threads(threads);
  at::set_num_threads(threads);  // MKL under mpirun would give LibTorch one thread
}

}  // namespace goracs
