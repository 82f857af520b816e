#pragma once

#include <cstdint>
#include <filesystem>

#include "base/config.hpp"
#include "base/matrix.hpp"
#include "itra/selection.hpp"

namespace goracs::test {

/// Embeddings in memory with the input that reads them; not to be moved once `input` was asked for.
struct SelectionData {
  Matrix<float> train, valid;  ///< (N, d), (M, d)
  std::vector<double> gradient_norm;
  std::vector<std::int32_t> train_label, valid_label;
  std::vector<std::string> class_names;

  itra::SelectionInput input() const;
};

/// Synthetic data of clusters: rows near one of a few centres, log-normal norms, duplicated rows where `ties`: then all on a grid of 1/4.
SelectionData clustered_data(std::int64_t num_train, std::int64_t num_valid, std::int64_t dimension, std::uint32_t seed, bool ties = false);

/// Inputs and settings of a file of golden/itra.
SelectionData golden_data(const std::filesystem::path& path);
SelectConfig golden_settings(const std::filesystem::path& path);

/// The defaults of select with this method and budget.
SelectConfig select_settings(const std::string& method, std::int64_t budget, double lambda = 0.5);

}  // namespace goracs::test
