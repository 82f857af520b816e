#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace goracs {

/// The exit codes of INTERFACE: what went wrong decides what a script should do next.
enum class ExitCode : int {
  kDone = 0,
  kDifferent = 1,  ///< `diff` found a difference
  kUsage = 2,      ///< usage or config, no usable GPU
  kInput = 3,      ///< bad input, artifact, model or data
  kIo = 4,         ///< I/O error, disk full
  kNumeric = 5,    ///< NaN, failed optimality certificate
  kPeer = 6,       ///< a peer rank or NCCL failed
  kStopped = 75,   ///< stopped cleanly, resumable
};

/// Every error of ours: one sentence naming file, key or row, what was found and what was expected. Reaches main, is logged with its
/// rank there and ends the job with `code`. Nothing catches it to continue.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Throws Error(code) with the formatted message.
template <class... Args>
[[noreturn]] void fail(ExitCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace goracs

/// The check is one line and carries the values: GORACS_CHECK_INPUT(a == b, "{}: {} rows, expected {}", path, a, b);
#define GORACS_CHECK_AS(code, condition, ...)            \
  do {                                                   \
    if (!(condition)) ::goracs::fail(code, __VA_ARGS__); \
  } while (false)
#define GORACS_CHECK_USAGE(condition, ...) GORACS_CHECK_AS(::goracs::ExitCode::kUsage, condition, __VA_ARGS__)
#define GORACS_CHECK_INPUT(condition, ...) GORACS_CHECK_AS(::goracs::ExitCode::kInput, condition, __VA_ARGS__)
#define GORACS_CHECK_IO(condition, ...) GORACS_CHECK_AS(::goracs::ExitCode::kIo, condition, __VA_ARGS__)
#define GORACS_CHECK_NUMERIC(condition, ...) GORACS_CHECK_AS(::goracs::ExitCode::kNumeric, condition, __VA_ARGS__)
#define GORACS_CHECK_PEER(condition, ...) GORACS_CHECK_AS(::goracs::ExitCode::kPeer, condition, __VA_ARGS__)
