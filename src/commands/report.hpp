#pragma once

#include <filesystem>

#include "commands/verb.hpp"

namespace goracs {

/// Writes report.html into a finished run's folder. Errors: kUsage when it is not finished, kInput, kIo.
void write_report(const std::filesystem::path& run_folder);

/// `report`: an HTML page with plots, of one run or of a sweep.
Verb report_verb();

}  // namespace goracs
