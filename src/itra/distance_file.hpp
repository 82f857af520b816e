#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/matrix.hpp"
#include "comm/communicator.hpp"
#include "comm/row_block.hpp"
#include "itra/label_enhanced.hpp"
#include "itra/selection.hpp"

namespace goracs::itra {

/// The distances D of one class on disk, so that they are computed once for all lambdas, budgets and methods of a sweep: the costs of another
/// lambda are made from them while they are read, in no more memory than costs take.
///
/// The file is folder/distances-<hash of key, rows and shape>.npy: float32 (N, M), readable by numpy, followed by the 64-bit XXH3 of each row,
/// checked when the row is read. It is written under a temporary name, each rank its rows, and appears whole by rename. It must lie where all
/// ranks see it.
class DistanceFile {
 public:
  /// The file that `place` (SelectionInput::distances) gives to these rows.
  DistanceFile(const DistancePlace& place, const ClassRows& rows, std::int64_t dimension);

  const std::filesystem::path& path() const noexcept { return path_; }
  /// Whether it is there; asked on rank 0. Collective.
  bool exists(Communicator& world) const;

  /// Rows `own` of it. Not collective. Errors: kInput naming the file when it is cut or a row is damaged.
  void read(RowBlock own, MatrixView<float> distance) const;
  /// Gives rows first .. first + count - 1 of a rank's own, until it is asked again.
  using Rows = std::function<MatrixView<const float>(std::int64_t first, std::int64_t count)>;
  /// Makes the file; every rank gives its rows. Collective. Errors: kIo.
  void write(RowBlock own, const Rows& distance, Communicator& world) const;

 private:
  std::int64_t row_bytes() const noexcept;
  std::int64_t row_offset(std::int64_t i) const noexcept;
  std::int64_t hash_offset(std::int64_t i) const noexcept;

  std::filesystem::path path_;
  std::int64_t num_train_, num_valid_;
  std::string header_;
};

}  // namespace goracs::itra
