#include "stages/norm_correlations.hpp"

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "train/pool_gradient_norms.hpp"

namespace goracs {
namespace {

constexpr const char* kNorm = "/gradient_norm";
constexpr const char* kWithOneMinusP = "correlation_one_minus_p";
constexpr const char* kInsideClasses = "correlation_one_minus_p_inside_classes";
constexpr const char* kNames = "/class/name";
constexpr const char* kWithClass = "/class/correlation";

double correlation_inside(std::span<const double> norm, std::span<const double> wrong, std::span<const std::int32_t> label,
                          std::size_t num_classes) {
  double sum = 0, rows = 0;
  for (std::size_t k = 0; k < num_classes; ++k) {
    std::vector<double> own_norm, own_wrong;
    for (std::size_t i = 0; i < norm.size(); ++i) {
      if (label[i] != static_cast<std::int32_t>(k)) continue;
      own_norm.push_back(norm[i]);
      own_wrong.push_back(wrong[i]);
    }
    const double inside = correlation(own_norm, own_wrong);
    if (std::isnan(inside)) continue;
    sum += inside * static_cast<double>(own_norm.size());
    rows += static_cast<double>(own_norm.size());
  }
  return sum / rows;  // NaN when no class varies
}

}  // namespace

NormCorrelations NormCorrelations::of(std::span<const double> norm, std::span<const double> loss, std::span<const std::int32_t> label,
                                      const std::vector<std::string>& class_names) {
  NormCorrelations found;
  found.class_names = class_names;
  std::vector<double> wrong;  // 1 - p of what the sample says
  for (const double one : loss) wrong.push_back(-std::expm1(-one));
  found.with_one_minus_p = correlation(norm, wrong);
  found.inside_classes = class_names.empty() ? found.with_one_minus_p : correlation_inside(norm, wrong, label, class_names.size());
  for (std::size_t k = 0; k < class_names.size(); ++k) {
    std::vector<double> is_class;
    for (const std::int32_t one : label) is_class.push_back(one == static_cast<std::int32_t>(k) ? 1 : 0);
    found.with_class.push_back(correlation(norm, is_class));
  }
  return found;
}

std::int64_t NormCorrelations::followed_class() const {
  std::int64_t followed = -1;
  double strongest = kFollows;
  for (std::size_t k = 0; k < with_class.size(); ++k) {
    if (!(std::abs(with_class[k]) >= strongest)) continue;
    strongest = std::abs(with_class[k]);
    followed = static_cast<std::int64_t>(k);
  }
  return followed;
}

void NormCorrelations::report() const {
  log_info("grads: correlation of the norm with 1 - p is {:.3f}{}", with_one_minus_p,
           class_names.empty() ? "" : fmt::format(", inside the classes {:.3f}", inside_classes));
  for (std::size_t k = 0; k < with_class.size(); ++k)
    log_info("grads: correlation of the norm with being of class {} is {:.3f}", class_names[k], with_class[k]);
  if (const std::int64_t k = followed_class(); k >= 0)
    log_warning(
        "grads: the gradient norm follows the label ({}, correlation {:.2f}): with select.lambda above 0 it marks a class, not a sample",
        class_names[static_cast<std::size_t>(k)], with_class[static_cast<std::size_t>(k)]);
}

void NormCorrelations::write(H5File& file) const {
  file.write_attribute(kWithOneMinusP, with_one_minus_p, kNorm);
  file.write_attribute(kInsideClasses, inside_classes, kNorm);
  if (class_names.empty()) return;
  file.write_strings(kNames, class_names);
  file.write<double>(kWithClass, with_class, "correlation of the norm with being of the class");
}

NormCorrelations NormCorrelations::read(const H5File& file) {
  NormCorrelations found;
  found.with_one_minus_p = file.number_attribute(kWithOneMinusP, kNorm);
  found.inside_classes = file.number_attribute(kInsideClasses, kNorm);
  if (!file.contains(kNames)) return found;
  found.class_names = file.read_strings(kNames);
  found.with_class = file.read<double>(kWithClass, {static_cast<std::int64_t>(found.class_names.size())});
  return found;
}

}  // namespace goracs
