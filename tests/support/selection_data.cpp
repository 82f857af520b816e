#include "support/selection_data.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "artifact/h5.hpp"

namespace goracs::test {
namespace {

itra::ReadRows reader(const Matrix<float>& table) {
  return [&table](std::int64_t first, MatrixView<float> rows) {
    for (std::int64_t k = 0; k < rows.rows; ++k) std::ranges::copy(table.row(first + k), rows.row(k).begin());
  };
}

Matrix<float> read_matrix(const H5File& file, const std::string& name) {
  const Shape shape = file.shape(name);
  Matrix<float> matrix(shape.at(0), shape.at(1));
  file.read_rows<float>(name, 0, matrix.view());
  return matrix;
}

}  // namespace

itra::SelectionInput SelectionData::input() const {
  itra::SelectionInput input;
  input.num_train = train.rows();
  input.num_valid = valid.rows();
  input.dimension = train.cols();
  input.train = reader(train);
  input.valid = reader(valid);
  input.gradient_norm = gradient_norm;
  input.train_label = train_label;
  input.valid_label = valid_label;
  input.class_names = class_names;
  return input;
}

SelectionData clustered_data(std::int64_t num_train, std::int64_t num_valid, std::int64_t dimension, std::uint32_t seed, bool ties) {
  constexpr std::int64_t kClusters = 7;
  constexpr float kSpread = 0.4F, kGrid = 4;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::uniform_int_distribution<std::int64_t> cluster(0, kClusters - 1);
  Matrix<float> centre(kClusters, dimension);
  for (float& value : std::span(centre.data(), static_cast<std::size_t>(kClusters * dimension))) value = normal(random);
  const auto fill = [&](Matrix<float>& rows) {
    for (std::int64_t i = 0; i < rows.rows(); ++i) {
      const auto from = centre.row(cluster(random));
      for (std::int64_t c = 0; c < dimension; ++c) {
        const float value = from[static_cast<std::size_t>(c)] + kSpread * normal(random);
        rows(i, c) = ties ? std::round(value * kGrid) / kGrid : value;
      }
      if (ties && i % 5 == 4) std::ranges::copy(rows.row(i - 3), rows.row(i).begin());
    }
  };
  SelectionData data;
  data.train = Matrix<float>(num_train, dimension);
  data.valid = Matrix<float>(num_valid, dimension);
  fill(data.train);
  fill(data.valid);
  for (std::int64_t i = 0; i < num_train; ++i)
    data.gradient_norm.push_back(ties ? static_cast<double>(i % 3) : std::exp(static_cast<double>(normal(random))));
  return data;
}

SelectionData golden_data(const std::filesystem::path& path) {
  const H5File file = H5File::open(path);
  SelectionData data;
  data.train = read_matrix(file, "/train_embeddings");
  data.valid = read_matrix(file, "/valid_embeddings");
  data.gradient_norm = file.read<double>("/grad_norms");
  if (!file.contains("/train_label")) return data;
  data.train_label = file.read<std::int32_t>("/train_label");
  data.valid_label = file.read<std::int32_t>("/valid_label");
  data.class_names = nlohmann::json::parse(file.text_attribute("class_names")).get<std::vector<std::string>>();
  return data;
}

SelectConfig golden_settings(const std::filesystem::path& path) {
  const H5File file = H5File::open(path);
  SelectConfig config =
      select_settings("itra", static_cast<std::int64_t>(file.number_attribute("budget")), file.number_attribute("lambda"));
  config.distance_scale = file.text_attribute("distance_scale");
  config.exchange_candidates = static_cast<std::int64_t>(file.number_attribute("exchange_candidates"));
  config.max_exchanges = static_cast<std::int64_t>(file.number_attribute("max_exchanges"));
  config.label_enhanced = file.contains("/train_label");
  return config;
}

SelectConfig select_settings(const std::string& method, std::int64_t budget, double lambda) {
  SelectConfig config;
  config.method = method;
  config.budget = budget;
  config.lambda = lambda;
  config.max_exchanges = 100;
  config.exchange_candidates = 30;
  config.distance_scale = "max";
  config.order_statistic = "smallest";
  config.inner_potential = "exclude_self";
  config.pair_order = "best_first";
  return config;
}

}  // namespace goracs::test
