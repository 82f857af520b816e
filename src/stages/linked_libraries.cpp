#include "stages/linked_libraries.hpp"

#include <torch/version.h>
#include <utf8proc.h>
#include <zlib.h>

#include "artifact/provenance.hpp"
#include "comm/launcher.hpp"
#include "comm/nccl_communicator.hpp"

namespace goracs {

std::map<std::string, std::string> linked_libraries() {
  std::map<std::string, std::string> all = library_versions();
  all["LibTorch"] = TORCH_VERSION;
  all["MPI"] = mpi_library_version();
  all["utf8proc"] = utf8proc_version();
  all["zlib"] = zlibVersion();
  if (const std::string nccl = nccl_version(); !nccl.empty()) all["NCCL"] = nccl;
  return all;
}

}  // namespace goracs
