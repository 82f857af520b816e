#include "stages/library_versions.hpp"

#include <fmt/format.h>
#include <hdf5.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <torch/version.h>
#include <utf8proc.h>
#include <xxhash.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "comm/launcher.hpp"

namespace goracs {
namespace {

std::string dotted(int major, int minor, int patch) { return fmt::format("{}.{}.{}", major, minor, patch); }

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("{}.{}.{}", major, minor, release);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> library_versions() {
  constexpr int kHundred = 100;  // as fmt and xxHash pack their versions
  const int fmt_version = FMT_VERSION, xxhash_version = static_cast<int>(XXH_versionNumber());
  return {{"LibTorch", TORCH_VERSION},
          {"MPI", mpi_library_version()},
          {"HDF5", hdf5_version()},
          {"OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING)},
          {"xxHash", dotted(xxhash_version / kHundred / kHundred, xxhash_version / kHundred % kHundred, xxhash_version % kHundred)},
          {"zlib", zlibVersion()},
          {"utf8proc", utf8proc_version()},
          {"fmt", dotted(fmt_version / kHundred / kHundred, fmt_version / kHundred % kHundred, fmt_version % kHundred)},
          {"spdlog", dotted(SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH)},
          {"nlohmann-json", dotted(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH)}};
}

}  // namespace goracs
