#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace goracs {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// The level of this name (debug, info, warning, error), if there is one.
std::optional<LogLevel> log_level_of(std::string_view name);

struct LogSettings {
  LogLevel level = LogLevel::kInfo;
  bool json = false;        ///< one JSON object a line instead of text
  bool every_rank = false;  ///< --log-rank all: ranks above 0 write their own files; the terminal stays rank 0's
  int rank = 0;
};

/// Starts logging to standard error; before it, messages go there as plain text. Colours on a terminal only, none with NO_COLOR.
void open_log(const LogSettings& settings);

/// From now on also into this file, appended to (log.txt of a run's folder). Ranks above 0 write <file>.rank<r> with every_rank, else nothing.
void log_also_to(const std::filesystem::path& file);

/// One message, on rank 0 alone (with every_rank: each into its file). Errors are written by any rank.
void log_message(LogLevel level, std::string_view text);
/// Whether this rank's information is seen on standard error.
bool log_reaches_terminal();
/// As log_message, into the file alone; for what the terminal shows in another form.
void log_to_file(LogLevel level, std::string_view text);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_message(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace goracs
