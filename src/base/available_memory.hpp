#pragma once

#include <cstdint>

namespace goracs {

inline constexpr double kGiB = 0x1p30;  ///< bytes

/// Bytes that this process may still take: what the kernel calls available, or what is left of a control group's limit if that is less.
/// Where neither can be read, as much as can be counted.
std::int64_t available_memory();

}  // namespace goracs
