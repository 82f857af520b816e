#pragma once

#include <functional>
#include <ostream>
#include <vector>

#include "comm/communicator.hpp"

namespace goracs::test {

/// One sentence of the communicator's contract. `check` is called by all ranks, with a communicator of any kind and size.
struct ContractCase {
  const char* name;
  void (*check)(Communicator&);
};
inline void PrintTo(const ContractCase& one, std::ostream* out) { *out << one.name; }

const std::vector<ContractCase>& contract_cases();

}  // namespace goracs::test
