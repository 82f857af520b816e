#pragma once

#include <optional>
#include <string_view>

namespace goracs {

/// A time limit in seconds: "90", "MM:SS", "HH:MM:SS" or "D-HH:MM:SS" (Slurm's forms but its plain minutes); none when it is no time.
std::optional<double> time_limit_seconds(std::string_view text);

}  // namespace goracs
