#include "stages/class_shares.hpp"

#include <numeric>

#include "base/log.hpp"

namespace goracs {
namespace {

double percent(const std::vector<std::int64_t>& rows, std::size_t k) {
  const auto all = std::accumulate(rows.begin(), rows.end(), std::int64_t{0});
  return 100.0 * static_cast<double>(rows[k]) / static_cast<double>(all);
}

}  // namespace

ClassShares ClassShares::of(const std::vector<std::string>& names, std::span<const std::int64_t> coreset,
                            std::span<const std::int32_t> train_label, std::span<const std::int32_t> valid_label) {
  ClassShares shares{names, std::vector<std::int64_t>(names.size()), std::vector<std::int64_t>(names.size()),
                     std::vector<std::int64_t>(names.size())};
  if (names.empty()) return shares;
  for (const std::int64_t i : coreset) ++shares.coreset[static_cast<std::size_t>(train_label[static_cast<std::size_t>(i)])];
  for (const std::int32_t label : train_label) ++shares.pool[static_cast<std::size_t>(label)];
  for (const std::int32_t label : valid_label) ++shares.valid[static_cast<std::size_t>(label)];
  return shares;
}

void ClassShares::report() const {
  for (std::size_t k = 0; k < names.size(); ++k) {
    log_info("select: class {}: {} rows, {:.1f} % (pool {:.1f} %, validation {:.1f} %)", names[k], coreset[k], percent(coreset, k),
             percent(pool, k), percent(valid, k));
    if (coreset[k] == 0)
      log_warning("select: the coreset has no row of class {}, {:.1f} % of the validation set", names[k], percent(valid, k));
  }
}

void ClassShares::write(H5File& file) const {
  if (names.empty()) return;
  file.write_strings("/class_rows/name", names);
  file.write<std::int64_t>("/class_rows/coreset", coreset, "rows of each class in the coreset");
  file.write<std::int64_t>("/class_rows/pool", pool, "rows of each class in the pool");
  file.write<std::int64_t>("/class_rows/valid", valid, "rows of each class in the validation set");
}

}  // namespace goracs
