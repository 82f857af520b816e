#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace goracs {

/// What one line of progress says.
struct ProgressFigures {
  std::string_view stage, unit, figure;
  std::int64_t done = 0, total = 0;     ///< total 0: unknown
  double rate = 0;                      ///< units per second since the start; 0: not known yet
  std::int64_t memory_bytes = 0;        ///< resident; 0: not known
  std::optional<double> limit_seconds;  ///< until the time limit asks for a stop
  double now = 0;                       ///< seconds since the epoch, for "will stop at 14:02"
};

/// "embed 1200/4000 batches (30%), 12.3/s, 3 min 48 left, loss 1.234, 2.1 GB"; where the time limit comes first:
/// "..., needs 3 h 10, limit in 2 h 05: will stop at 14:02 and resume, ..."
std::string progress_line(const ProgressFigures& figures);

/// "2 h 05", "3 min 48", "12 s", "4 d 02 h".
std::string duration_text(double seconds);
/// "2.1 GB", "312 MB".
std::string bytes_text(std::int64_t bytes);

}  // namespace goracs
