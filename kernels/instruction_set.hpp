#pragma once

#include <string_view>
#include <vector>

// GORACS_VECTORISED: the function is compiled once for each instruction set and chosen by the processor at run time. Only for functions whose
// result does not depend on the order of summation (exact sums, minima, maxima) or that sum nothing.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define GORACS_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GORACS_VECTORISED
#endif

namespace goracs::cpu {

/// The instruction sets that kernels are written for by hand; each gives the same bits.
enum class InstructionSet { kPortable, kAvx2, kAvx512 };

std::string_view name_of(InstructionSet set);

/// Those that this processor has, the widest last.
const std::vector<InstructionSet>& instruction_sets();

}  // namespace goracs::cpu
