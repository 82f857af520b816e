#pragma once

#include <string_view>

namespace goracs {

/// A place where the process may be made to die, for tests of what a kill at this very place leaves behind. With GORACS_CRASH_AT=point:n in the
/// environment the n-th pass (from 1) of that point raises SIGKILL; "commit" stands for all of "commit.written", "commit.renamed", ... together.
/// Costs a comparison otherwise.
void crash_point(std::string_view name);

}  // namespace goracs
