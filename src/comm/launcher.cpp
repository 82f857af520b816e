#include "comm/launcher.hpp"

#include <mpi.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace goracs {
namespace {

std::optional<int> number_in(const char* variable) {
  const char* found = std::getenv(variable);
  if (found == nullptr) return std::nullopt;
  const std::string_view text = found;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The variables that each kind of launcher gives its ranks; the innermost launcher comes first.
constexpr struct {
  const char* name;
  const char* rank;
  const char* size;
} kLaunchers[] = {{"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                  {"PMI", "PMI_RANK", "PMI_SIZE"},
                  {"srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"}};

}  // namespace

std::optional<Launcher> launcher() {
  for (const auto& kind : kLaunchers) {
    const std::optional<int> rank = number_in(kind.rank), size = number_in(kind.size);
    if (rank && size) return Launcher{kind.name, *rank, *size};
  }
  return std::nullopt;
}

std::string mpi_library_version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  const std::string all(text.data(), static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

}  // namespace goracs
