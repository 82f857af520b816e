#pragma once

#include <string>
#include <vector>

#include "commands/run_result.hpp"
#include "commands/sweep_table.hpp"

namespace goracs {

/// One HTML page, everything in it (figures are SVG inside), that a browser shows without a network.
std::string run_page(const RunResult& run);
std::string sweep_page(const std::vector<SweepRow>& rows);

}  // namespace goracs
