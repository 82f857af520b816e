#include "base/philox.hpp"

#include <xxhash.h>

namespace goracs {

Philox::Philox(std::uint64_t seed, std::string_view name) : key_(XXH3_64bits_withSeed(name.data(), name.size(), seed)) {}

}  // namespace goracs
