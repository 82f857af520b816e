#include "eval/classification_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace goracs {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// One ROC curve: its area and what each sample adds to the area's error; influence squared sums to DeLong's variance.
struct RocArea {
  double area = kUndefined;
  std::vector<double> influence;
};

/// V(i) of DeLong for all samples in one pass over groups of equal scores: a positive is right against the negatives below it, a negative
/// against the positives above it, each tie counting one half.
RocArea roc_area(const std::vector<char>& positive, std::span<const double> scores) {
  const std::size_t n = scores.size();
  const auto num_positive = static_cast<std::int64_t>(std::count(positive.begin(), positive.end(), 1));
  const std::int64_t num_negative = static_cast<std::int64_t>(n) - num_positive;
  if (num_positive == 0 || num_negative == 0) return {};

  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  std::vector<double> share(n);
  std::int64_t positives_below = 0, negatives_below = 0;
  double right_twice = 0;  // twice the number of rightly ordered pairs: a whole number, exact
  for (std::size_t first = 0; first < n;) {
    std::size_t last = first;
    std::int64_t tied_positives = 0;
    for (; last < n && scores[order[last]] == scores[order[first]]; ++last) tied_positives += positive[order[last]];
    const std::int64_t tied_negatives = static_cast<std::int64_t>(last - first) - tied_positives;
    const std::int64_t of_positive = 2 * negatives_below + tied_negatives;
    const std::int64_t of_negative = 2 * (num_positive - positives_below - tied_positives) + tied_positives;
    for (std::size_t k = first; k < last; ++k) {
      const std::size_t i = order[k];
      share[i] = positive[i] != 0 ? static_cast<double>(of_positive) / (2.0 * static_cast<double>(num_negative))
                                  : static_cast<double>(of_negative) / (2.0 * static_cast<double>(num_positive));
    }
    right_twice += static_cast<double>(of_positive) * static_cast<double>(tied_positives);
    positives_below += tied_positives;
    negatives_below += tied_negatives;
    first = last;
  }

  RocArea roc;
  roc.area = right_twice / (2.0 * static_cast<double>(num_positive) * static_cast<double>(num_negative));
  roc.influence.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto count = static_cast<double>(positive[i] != 0 ? num_positive : num_negative);
    roc.influence[i] = count > 1 ? (share[i] - roc.area) / std::sqrt(count * (count - 1)) : kUndefined;
  }
  return roc;
}

double root_of_squares(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v * v;
  return std::sqrt(sum);
}

double clipped(double p) {
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  return std::clamp(p, kEps, 1.0 - kEps);
}

std::vector<char> is_class(std::span<const std::int64_t> labels, std::int64_t k) {
  std::vector<char> one(labels.size());
  std::transform(labels.begin(), labels.end(), one.begin(), [k](std::int64_t label) { return static_cast<char>(label == k); });
  return one;
}

}  // namespace

Estimate roc_auc(std::span<const std::int64_t> labels, std::span<const double> scores) {
  const RocArea roc = roc_area(is_class(labels, 1), scores);
  return {roc.area, std::isnan(roc.area) ? kUndefined : root_of_squares(roc.influence)};
}

Estimate log_loss(std::span<const std::int64_t> labels, std::span<const double> scores) {
  std::vector<double> losses(labels.size());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const double p = clipped(scores[i]);
    losses[i] = -std::log(labels[i] == 1 ? p : 1.0 - p);
  }
  return mean_of(losses);
}

Estimate log_loss(std::span<const std::int64_t> labels, MatrixView<const double> probability) {
  std::vector<double> losses(labels.size());
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = -std::log(clipped(probability(static_cast<std::int64_t>(i), labels[i])));
  return mean_of(losses);
}

Estimate accuracy(std::span<const std::int64_t> labels, MatrixView<const double> probability) {
  std::vector<double> right(labels.size());
  for (std::size_t i = 0; i < right.size(); ++i) {
    const auto p = probability.row(static_cast<std::int64_t>(i));
    right[i] = std::max_element(p.begin(), p.end()) - p.begin() == labels[i] ? 1.0 : 0.0;  // the first of equal maxima
  }
  return mean_of(right);
}

Estimate macro_roc_auc(std::span<const std::int64_t> labels, MatrixView<const double> probability) {
  std::vector<double> scores(labels.size()), influence(labels.size(), 0.0);
  double area = 0;
  std::int64_t curves = 0;
  for (std::int64_t k = 0; k < probability.cols; ++k) {
    for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = probability(static_cast<std::int64_t>(i), k);
    const RocArea roc = roc_area(is_class(labels, k), scores);
    if (std::isnan(roc.area)) continue;
    area += roc.area;
    for (std::size_t i = 0; i < influence.size(); ++i) influence[i] += roc.influence[i];
    ++curves;
  }
  if (curves == 0) return {kUndefined, kUndefined};
  const auto count = static_cast<double>(curves);
  return {area / count, root_of_squares(influence) / count};
}

std::int64_t classes_present(std::span<const std::int64_t> labels, std::int64_t num_classes) {
  std::vector<char> seen(static_cast<std::size_t>(num_classes), 0);
  for (const std::int64_t label : labels) seen[static_cast<std::size_t>(label)] = 1;
  return std::count(seen.begin(), seen.end(), 1);
}

}  // namespace goracs
