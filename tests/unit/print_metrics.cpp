// Reads samples from standard input and prints their metrics, for sklearn_metrics.py:
//   classes n, then n lines "label p_0 ... p_{K-1}"   ->   one line: roc_auc (K = 2) or macro_roc_auc, accuracy, log_loss
#include <fmt/format.h>

#include <iostream>
#include <vector>

#include "eval/classification_metrics.hpp"

int main() {
  for (std::int64_t classes = 0, n = 0; std::cin >> classes >> n;) {
    std::vector<std::int64_t> labels(static_cast<std::size_t>(n));
    std::vector<double> scores(labels.size());
    goracs::Matrix<double> probability(n, classes);
    for (std::int64_t i = 0; i < n; ++i) {
      std::cin >> labels[static_cast<std::size_t>(i)];
      for (std::int64_t k = 0; k < classes; ++k) std::cin >> probability(i, k);
      scores[static_cast<std::size_t>(i)] = probability(i, 1);
    }
    const bool binary = classes == 2;
    const auto area = binary ? goracs::roc_auc(labels, scores) : goracs::macro_roc_auc(labels, probability.view());
    const auto loss = binary ? goracs::log_loss(labels, scores) : goracs::log_loss(labels, probability.view());
    fmt::print("{} {} {}\n", area.value, goracs::accuracy(labels, probability.view()).value, loss.value);
  }
}
