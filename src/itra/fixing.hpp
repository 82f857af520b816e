#pragma once

#include <cstdint>
#include <vector>

#include "base/int128.hpp"
#include "itra/lower_bound.hpp"

namespace goracs::itra {

/// What a bound proves about rows, given a coreset of score `poo_units` (in the bound's units, 2^-40 / (n M)): every coreset that has a row i
/// outside the n lowest scores at least bound + F_i - F_(n).

/// Local rows, not yet dropped, that are in no coreset as good as that one: bound + F_i - F_(n) > POO.
std::vector<std::int64_t> hopeless_rows(const DualPoint& point, Int128 poo_units, RowBlock rows);

/// No coreset but that of the n lowest rows can be better: bound + F_(n+1) - F_(n) >= POO, or bound >= POO. The same on every rank.
bool only_lowest_can_be_better(const DualPoint& point, Int128 poo_units);

}  // namespace goracs::itra
