#include "commands/doctor_checks.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <vector>

#include "artifact/commit.hpp"
#include "base/available_memory.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "comm/agreement.hpp"
#include "comm/launcher.hpp"
#include "commands/rank_threads.hpp"
#include "kernels/gpu.hpp"
#include "stages/linked_libraries.hpp"

namespace goracs {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Texts of all ranks in their order, on every rank.
std::vector<std::string> texts_of_all(const std::string& own, Communicator& world) {
  const std::vector<char> all = world.all_gather(std::span<const char>(own.c_str(), own.size() + 1));
  std::vector<std::string> texts;
  for (std::size_t at = 0; at < all.size(); at += texts.back().size() + 1) texts.emplace_back(&all[at]);
  return texts;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// The GPU that would be this rank's; asking for it starts no work on it.
std::string gpu_text(int local_rank) {
  const cuda::Gpus gpus = cuda::visible_gpus();
  if (gpus.count == 0) return "no GPU: " + gpus.why_none;
  const int own = cuda::gpu_of(local_rank, gpus.count);
  return fmt::format("GPU {} of {} ({})", own, gpus.count, cuda::bus_address(own));
}

std::filesystem::path trial_file(const std::filesystem::path& work_dir) {
  return work_dir / fmt::format("doctor-trial-{}-{}", host_name(), getpid());
}

}  // namespace

std::string rank_lines(Communicator& world) {
  const RankThreads threads = rank_threads(std::nullopt, world);
  const std::string own = fmt::format("rank {}: host {}, local rank {} of {}, {} CPUs, {} threads, {:.1f} GiB free, {}", world.rank(),
                                      host_name(), world.local_rank(), world.local_size(), threads.cpus, threads.threads,
                                      static_cast<double>(available_memory()) / kGiB, gpu_text(world.local_rank()));
  std::string text = fmt::format("{}", fmt::join(texts_of_all(own, world), "\n"));
  if (!threads.warning.empty()) text += "\nwarning: " + threads.warning;
  return text;
}

std::string all_reduce_line(Communicator& world) {
  constexpr std::size_t kValues = std::size_t{1} << 22;
  constexpr int kRounds = 5;
  std::vector<float> values(kValues);
  world.barrier("doctor: all-reduce");
  const auto begin = Clock::now();
  for (int round = 0; round < kRounds; ++round) {
    std::fill(values.begin(), values.end(), static_cast<float>(world.rank() + 1));
    world.all_reduce(std::span<float>(values), ReduceOp::kSum);
  }
  const double seconds = seconds_since(begin) / kRounds;
  const int sum = world.size() * (world.size() + 1) / 2;  // even before it is halved
  const auto expected = static_cast<float>(sum);
  GORACS_CHECK_PEER(values.front() == expected && values.back() == expected, "all-reduce of 1 .. {} gave {}, expected {}", world.size(),
                    values.front(), expected);
  if (world.size() == 1) return "all-reduce: one rank, nothing to send";
  return fmt::format("all-reduce: right, {:.2f} GB/s for {} MiB on {} ranks", kValues * sizeof(float) / seconds / 1e9,
                     kValues * sizeof(float) >> 20U, world.size());
}

std::string libraries_line(Communicator& world) {
  std::string own;
  for (const auto& [name, version] : linked_libraries()) own += fmt::format("{}{} {}", own.empty() ? "" : ", ", name, version);
  const std::vector<std::string> all = texts_of_all(own, world);
  for (std::size_t rank = 1; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      throw AgreedError(ExitCode::kUsage, fmt::format("rank {} has other libraries than rank 0: {}\nrank 0: {}", rank, all[rank], all[0]));
  return "libraries: " + own;
}

std::string trial_save_line(const std::filesystem::path& work_dir) {
  constexpr std::size_t kBytes = std::size_t{16} << 20U;
  make_folder(work_dir);
  const std::filesystem::path file = trial_file(work_dir);
  const std::string text(kBytes, 'x');
  const auto begin = Clock::now();
  commit_text(file, text);
  const double seconds = seconds_since(begin);
  const std::string found = sha256_file(file);
  remove_tree(file);
  GORACS_CHECK_IO(found == sha256_hex(text), "{}: other bytes came back than were written", file.string());
  return fmt::format("trial save: {} MiB in {:.2f} s on {}, {:.1f} GiB free there", kBytes >> 20U, seconds, work_dir.string(),
                     static_cast<double>(std::filesystem::space(work_dir).available) / kGiB);
}

std::string locking_line(const std::filesystem::path& work_dir) {
  const std::filesystem::path file = trial_file(work_dir);
  const int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  GORACS_CHECK_IO(descriptor >= 0, "{}: cannot be made", file.string());
  const bool locks = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  ::close(descriptor);
  remove_tree(file);
  return locks ? "file locking: works" : "file locking: does not work here (HDF5_USE_FILE_LOCKING=FALSE; leases of ours need none)";
}

std::string time_limit_line() {
  const char* end = std::getenv("SLURM_JOB_END_TIME");
  if (end == nullptr) return "time limit: none known (SLURM_JOB_END_TIME is not set)";
  const double left = std::atof(end) - static_cast<double>(std::time(nullptr));
  return fmt::format("time limit: {:.0f} min left", left / 60);
}

}  // namespace goracs
