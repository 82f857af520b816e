#include "artifact/lease.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>

#include "artifact/commit.hpp"
#include "base/error.hpp"
#include "base/host_name.hpp"
#include "base/log.hpp"
#include "base/sha256.hpp"

namespace goracs {
namespace {

constexpr std::string_view kHolder = "holder-";
constexpr auto kFirstLook = std::chrono::milliseconds(10), kLastLook = std::chrono::milliseconds(500);  // short work is seen to end soon
using Clock = std::chrono::steady_clock;

std::string line_of(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

/// This boot of this machine as this container sees it: process numbers mean the same in no larger circle.
std::string machine() {
  std::error_code ignored;
  const std::string numbers = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  constexpr std::size_t kDigits = 12;
  return sha256_hex(host_name() + line_of("/proc/sys/kernel/random/boot_id") + numbers).substr(0, kDigits);
}

/// When a process began, in clock ticks since the boot: tells a process from a later one of the same number. 0: there is none.
std::int64_t start_of(pid_t process) {
  const std::string line = line_of(fmt::format("/proc/{}/stat", process).c_str());
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  constexpr int kStartField = 20;  // starttime, counted from the state, which follows the name
  std::string field;
  for (int k = 0; k < kStartField && fields >> field; ++k) {
    const bool is_zombie = k == 0 && (field == "Z" || field == "X");
    if (is_zombie) return 0;
  }
  return fields ? std::strtoll(field.c_str(), nullptr, 10) : 0;
}

/// holder-<host>~<machine>~<process>~<start>~<count>
std::string own_name() {
  static std::atomic<int> count{0};
  static const std::string kMachine = machine();
  return fmt::format("{}{}~{}~{}~{}~{}", kHolder, host_name(), kMachine, ::getpid(), start_of(::getpid()), ++count);
}

struct Holder {
  std::string name, host, machine;
  pid_t process = 0;
  std::int64_t start = 0;

  static Holder of(const std::string& name) {
    Holder holder{name, "?", "", 0, 0};
    std::istringstream parts(name.substr(std::min(kHolder.size(), name.size())));
    std::string process, start;
    if (std::getline(parts, holder.host, '~') && std::getline(parts, holder.machine, '~') && std::getline(parts, process, '~') &&
        std::getline(parts, start, '~')) {
      holder.process = static_cast<pid_t>(std::strtol(process.c_str(), nullptr, 10));
      holder.start = std::strtoll(start.c_str(), nullptr, 10);
    }
    return holder;
  }
  std::string text() const { return fmt::format("process {} on {}", process, host); }
  bool is_dead() const {
    static const std::string kMachine = goracs::machine();
    return machine == kMachine && start_of(process) != start;
  }
};

std::optional<Holder> holder_in(const std::filesystem::path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().filename().string().starts_with(kHolder)) return Holder::of(entry.path().filename().string());
  return std::nullopt;
}

/// Sets the file's time to now; false when it is not there any more.
bool touch(const std::filesystem::path& file) { return ::utimensat(AT_FDCWD, file.c_str(), nullptr, 0) == 0 || errno != ENOENT; }

std::int64_t touched_at(const std::filesystem::path& file) {
  struct stat status{};
  constexpr std::int64_t kNano = 1'000'000'000;
  return ::stat(file.c_str(), &status) == 0 ? status.st_mtim.tv_sec * kNano + status.st_mtim.tv_nsec : 0;
}

/// Makes folder/own by renaming a folder that has it inside, which works only where there is none or an empty one.
bool create(const std::filesystem::path& folder, const std::string& own) {
  const std::filesystem::path temporary = temporary_beside(folder), file = temporary / own;
  make_folder(temporary);
  const int holder = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  const bool made = holder >= 0 && ::close(holder) == 0 && ::rename(temporary.c_str(), folder.c_str()) == 0;
  if (made) return true;
  const int error = errno;
  std::error_code ignored;
  std::filesystem::remove_all(temporary, ignored);
  const bool other_was_first = error == ENOTEMPTY || error == EEXIST || error == ENOENT;  // ENOENT: it swept our temporary
  GORACS_CHECK_IO(other_was_first, "{}: cannot make the lease: {}", folder.string(), std::strerror(error));
  return false;
}

/// Removes what killed processes left of making this lease. A living one that is at it finds its own gone and tries again.
void sweep_beside(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder.parent_path(), ignored))
    if (is_temporary(entry.path()) && entry.path().filename().string().starts_with(folder.filename().string()))
      std::filesystem::remove_all(entry.path(), ignored);
}

bool take_over(const std::filesystem::path& folder, const Holder& from, const std::string& own) {
  if (::rename((folder / from.name).c_str(), (folder / own).c_str()) == 0) return true;
  GORACS_CHECK_IO(errno == ENOENT, "{}: cannot take over: {}", (folder / from.name).string(), std::strerror(errno));
  return false;
}

/// How long a holder has been silent, by this process's clock.
class Watch {
 public:
  double silence(const Holder& holder, std::int64_t touched) {
    if (holder.name != name_ || touched != touched_) name_ = holder.name, touched_ = touched, since_ = Clock::now();
    return std::chrono::duration<double>(Clock::now() - since_).count();
  }

 private:
  std::string name_;
  std::int64_t touched_ = 0;
  Clock::time_point since_ = Clock::now();
};

}  // namespace

struct Lease::Heart {
  std::mutex mutex;
  std::condition_variable wake;
  bool ended = false;
  std::atomic<bool> lost{false};
  std::thread thread;

  explicit Heart(std::filesystem::path holder) {
    sigset_t all, before;
    ::sigfillset(&all);  // signals are the main thread's
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    thread = std::thread([this, file = std::move(holder)] {
      std::unique_lock lock(mutex);
      while (!wake.wait_for(lock, std::chrono::duration<double>(kTouchSeconds), [this] { return ended; }) && !lost) lost = !touch(file);
    });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~Heart() {
    {
      const std::lock_guard lock(mutex);
      ended = true;
    }
    wake.notify_all();
    thread.join();
  }
};

std::unique_ptr<Lease> Lease::take(const std::filesystem::path& thing, const std::function<bool(const std::string&)>& waiting,
                                   double silent_seconds) {
  const std::filesystem::path folder = path_of(thing);
  const std::string own = own_name();
  auto look = kFirstLook;
  for (Watch watch;;) {
    const std::optional<Holder> holder = holder_in(folder);
    bool taken = false;
    if (!holder)
      taken = create(folder, own);
    else if (holder->is_dead() || watch.silence(*holder, touched_at(folder / holder->name)) > silent_seconds)
      taken = take_over(folder, *holder, own);
    if (taken && touch(folder / own)) {
      sweep_beside(folder);
      return std::unique_ptr<Lease>(new Lease(folder / own));
    }
    if (!holder || taken) continue;  // it changed under our hands: look again
    if (waiting(holder->text())) return nullptr;
    std::this_thread::sleep_for(look);
    look = std::min(2 * look, kLastLook);
  }
}

void Lease::clear_dead(const std::filesystem::path& thing) noexcept {
  try {
    const std::filesystem::path folder = path_of(thing);
    const auto holder = holder_in(folder);
    if (holder && !holder->is_dead()) return;
    if (holder) ::unlink((folder / holder->name).c_str());
    ::rmdir(folder.c_str());               // a holder may have been killed between these two; only an empty folder goes
  } catch (const std::exception& error) {  // it only lies about
    log_debug("{}.lease: {}", thing.string(), error.what());
  }
}

Lease::Lease(std::filesystem::path holder) : holder_(std::move(holder)), heart_(std::make_unique<Heart>(holder_)) {}

Lease::~Lease() {
  heart_.reset();
  if (::unlink(holder_.c_str()) == 0) ::rmdir(holder_.parent_path().c_str());
}

bool Lease::held() const {
  std::error_code ignored;
  return !heart_->lost && std::filesystem::exists(holder_, ignored);
}

}  // namespace goracs
