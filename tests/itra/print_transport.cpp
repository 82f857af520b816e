// Reads transport problems from standard input and prints their values, for pot_transport.py:
//   n M, then (n + 1) M costs   ->   one line: the value of the first n rows, and that after the last row took the first one's slot
#include <fmt/format.h>

#include <iostream>

#include "base/matrix.hpp"
#include "itra/transport.hpp"

int main() {
  for (std::int64_t budget = 0, num_valid = 0; std::cin >> budget >> num_valid;) {
    goracs::Matrix<float> cost(budget + 1, num_valid);
    for (std::int64_t k = 0; k < cost.rows() * num_valid; ++k) std::cin >> cost.data()[k];
    std::vector<const float*> rows;
    for (std::int64_t i = 0; i < budget; ++i) rows.push_back(cost.row(i).data());
    auto transport = goracs::itra::Transport::solve(rows, num_valid);
    const double before = transport.value();
    transport.exchange(0, cost.row(budget).data());
    fmt::print("{} {}\n", before, transport.value());
  }
}
