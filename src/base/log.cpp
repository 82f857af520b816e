#include "base/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <array>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/terminal.hpp"

namespace goracs {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames{"debug", "info", "warning", "error"};
constexpr std::array<spdlog::level::level_enum, 4> kSpdlogLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                                 spdlog::level::err};

spdlog::level::level_enum spdlog_level(LogLevel level) { return kSpdlogLevels[static_cast<std::size_t>(level)]; }

std::string_view name_of(spdlog::level::level_enum level) {
  for (std::size_t k = 0; k < kLevelNames.size(); ++k)
    if (kSpdlogLevels[k] == level) return kLevelNames[k];
  return "info";
}

/// {"time":"2026-01-31T14:02:05.123+01:00","level":"info","rank":0,"message":"..."}
class JsonLines final : public spdlog::formatter {
 public:
  explicit JsonLines(int rank) : rank_(rank) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    spdlog::memory_buf_t time;
    time_.format(message, time);
    nlohmann::ordered_json line;
    line["time"] = std::string(time.data(), time.size());
    line["level"] = name_of(message.level);
    line["rank"] = rank_;
    line["message"] = std::string(message.payload.data(), message.payload.size());
    const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonLines>(rank_); }

 private:
  int rank_;
  spdlog::pattern_formatter time_{"%Y-%m-%dT%H:%M:%S.%e%z", spdlog::pattern_time_type::local, ""};
};

/// "14:02:05 warning: ..."; files carry the day and, above rank 0, the rank too. Plain information bears no level.
class TextLines final : public spdlog::formatter {
 public:
  TextLines(int rank, bool colours, bool day) : rank_(rank), colours_(colours), day_(day), time_(clock_of(day)) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    time_->format(message, out);
    if (rank_ > 0) fmt::format_to(std::back_inserter(out), "rank {}: ", rank_);
    if (message.level != spdlog::level::info) {
      out.append(std::string_view(colours_ ? colour_of(message.level) : ""));
      out.append(name_of(message.level));
      out.append(std::string_view(colours_ ? "\033[0m: " : ": "));
    }
    out.append(std::string_view(message.payload.data(), message.payload.size()));
    out.push_back('\n');
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextLines>(rank_, colours_, day_); }

 private:
  static std::unique_ptr<spdlog::formatter> clock_of(bool day) {
    return std::make_unique<spdlog::pattern_formatter>(day ? "%Y-%m-%d %H:%M:%S " : "%H:%M:%S ", spdlog::pattern_time_type::local, "");
  }
  static std::string_view colour_of(spdlog::level::level_enum level) {
    constexpr std::string_view kRed = "\033[31m", kYellow = "\033[33m", kGrey = "\033[90m";
    return level == spdlog::level::err ? kRed : level == spdlog::level::warn ? kYellow : kGrey;
  }
  int rank_;
  bool colours_, day_;
  std::unique_ptr<spdlog::formatter> time_;
};

std::unique_ptr<spdlog::formatter> lines_for(const LogSettings& settings, bool file) {
  if (settings.json) return std::make_unique<JsonLines>(settings.rank);
  return std::make_unique<TextLines>(settings.rank, !file && terminal::has_colours(), file);
}

/// The process's log: standard error and at most one file.
struct Log {
  std::mutex mutex;
  LogSettings settings;
  std::shared_ptr<spdlog::sinks::sink> terminal, file;

  static Log& instance() {
    static Log log;
    return log;
  }
  Log() { open({}); }
  void open(const LogSettings& wanted) {
    settings = wanted;
    terminal = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(spdlog::color_mode::never);
    terminal->set_formatter(lines_for(settings, false));
    if (file) file->set_formatter(lines_for(settings, true));
  }
  /// Rank 0 speaks; errors are anybody's.
  bool speaks(LogLevel level) const { return settings.rank == 0 || level == LogLevel::kError; }
  void write(LogLevel level, std::string_view text, bool to_terminal) {
    if (level < settings.level) return;
    const std::lock_guard lock(mutex);
    const spdlog::details::log_msg message("", spdlog_level(level), spdlog::string_view_t(text.data(), text.size()));
    if (to_terminal && speaks(level)) {
      terminal::erase_bar();
      terminal->log(message);
      terminal->flush();
    }
    if (!file) return;
    file->log(message);
    file->flush();
  }
};

}  // namespace

std::optional<LogLevel> log_level_of(std::string_view name) {
  for (std::size_t k = 0; k < kLevelNames.size(); ++k)
    if (kLevelNames[k] == name) return static_cast<LogLevel>(k);
  return std::nullopt;
}

void open_log(const LogSettings& settings) {
  Log& log = Log::instance();
  const std::lock_guard lock(log.mutex);
  log.open(settings);
}

void log_also_to(const std::filesystem::path& file) {
  Log& log = Log::instance();
  const std::lock_guard lock(log.mutex);
  if (log.settings.rank > 0 && !log.settings.every_rank) return;
  const std::string own = log.settings.rank == 0 ? file.string() : fmt::format("{}.rank{}", file.string(), log.settings.rank);
  try {
    log.file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(own);
  } catch (const spdlog::spdlog_ex& error) {
    fail(ExitCode::kIo, "{}: cannot open the log: {}", own, error.what());
  }
  log.file->set_formatter(lines_for(log.settings, true));
}

void log_message(LogLevel level, std::string_view text) { Log::instance().write(level, text, true); }

bool log_reaches_terminal() {
  const LogSettings& settings = Log::instance().settings;
  return settings.rank == 0 && settings.level <= LogLevel::kInfo;
}

void log_to_file(LogLevel level, std::string_view text) { Log::instance().write(level, text, false); }

}  // namespace goracs
