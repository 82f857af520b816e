// In place of nccl_communicator.cpp in builds without CUDA.
#include "comm/nccl_communicator.hpp"
#include "kernels/not_compiled.hpp"

namespace goracs {

std::unique_ptr<Communicator> nccl_communicator(Communicator&, double) { throw NotCompiled("NCCL"); }
std::string nccl_version() { return {}; }

}  // namespace goracs
