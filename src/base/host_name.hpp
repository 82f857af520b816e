#pragma once

#include <string>

namespace goracs {

/// This machine's name; "host" where it has none.
std::string host_name();

}  // namespace goracs
