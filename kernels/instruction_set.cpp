#include "kernels/instruction_set.hpp"

namespace goracs::cpu {

std::string_view name_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512: return "AVX-512";
    case InstructionSet::kAvx2: return "AVX2";
    default: return "portable";
  }
}

const std::vector<InstructionSet>& instruction_sets() {
  static const std::vector<InstructionSet> kFound = [] {
    std::vector<InstructionSet> found{InstructionSet::kPortable};
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) found.push_back(InstructionSet::kAvx2);
    if (__builtin_cpu_supports("avx512f")) found.push_back(InstructionSet::kAvx512);
#endif
    return found;
  }();
  return kFound;
}

}  // namespace goracs::cpu
