#pragma once

namespace goracs {

/// 128-bit integers, an extension of the compilers we use: sums that pass 2^63 stay exact.
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

}  // namespace goracs
