#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/config.hpp"
#include "comm/communicator.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// Method `facility_location`: greedy maximiser of sum_j max_{i in S} (max D - D_ij), the representation of every validation row by its nearest
/// chosen one; monotone submodular, so within 1 - 1/e of the largest value (Nemhauser, Wolsey, Fisher 1978). The function of Wei, Iyer, Bilmes,
/// "Submodularity in Data Subset Selection and Active Learning" (ICML 2015), with the validation rows as what is to be represented, as in their
/// targeted form. It is greedy stage 1 of SPEC 6 with lambda = 0 and without the end rule. Ties go to the lowest row.
///
/// Builds costs of its own with lambda 0 (4 N M bytes) and frees them. Rows within the class in the order of adding; none when stopped.
/// Collective.
std::optional<std::vector<std::int64_t>> facility_location_coreset(const SelectionInput& input, const ClassRows& rows, SelectConfig config,
                                                                   Communicator& world,
                                                                   const std::function<bool(std::int64_t rows)>& step = {});

}  // namespace goracs::itra
