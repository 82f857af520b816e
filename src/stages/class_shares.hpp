#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "artifact/h5.hpp"

namespace goracs {

/// How often each class stands in a coreset, in the pool it comes from and in the validation set it is chosen for.
struct ClassShares {
  std::vector<std::string> names;
  std::vector<std::int64_t> coreset, pool, valid;  ///< rows of each class

  static ClassShares of(const std::vector<std::string>& names, std::span<const std::int64_t> coreset,
                        std::span<const std::int32_t> train_label, std::span<const std::int32_t> valid_label);
  /// In the log; a warning for each class that the coreset lacks.
  void report() const;
  /// As /class_rows/{name,coreset,pool,valid}; nothing without classes.
  void write(H5File& file) const;
};

}  // namespace goracs
