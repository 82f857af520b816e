#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "itra/label_enhanced.hpp"

namespace goracs::itra {

/// Method `grad_norm`: the rows of greatest gradient norm, the lower row where norms are equal. GraNd of Paul, Ganguli, Dziugaite, "Deep
/// Learning on a Data Diet: Finding Important Examples Early in Training" (NeurIPS 2021), with the one norm that SPEC 4 computes in place of
/// their mean over ten initialisations. gradient_norm: (N) of the whole pool. Rows within the class, ascending.
std::vector<std::int64_t> grad_norm_coreset(const ClassRows& rows, std::span<const double> gradient_norm);

}  // namespace goracs::itra
