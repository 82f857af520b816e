#include "itra/cost_matrix.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

#include "itra/distance_file.hpp"
#include "itra/embedding_rows.hpp"
#include "support/expect_error.hpp"
#include "support/selection_data.hpp"
#include "support/temporary_folder.hpp"
#include "support/thread_ranks.hpp"

namespace goracs {
namespace {

using itra::CostMatrix;

/// The whole matrix as `ranks` ranks build it.
Matrix<float> built(const test::SelectionData& data, const SelectConfig& config, int ranks) {
  Matrix<float> whole(data.train.rows(), data.valid.rows());
  test::on_ranks(ranks, [&](Communicator& world) {
    const itra::SelectionInput input = data.input();
    const auto cost = CostMatrix::build(input, itra::selection_classes(input, config).at(0), config, world);
    EXPECT_EQ(cost->num_train(), whole.rows());
    EXPECT_EQ(cost->num_valid(), whole.cols());
    for (std::int64_t i_lc = 0; i_lc < cost->rows().size(); ++i_lc)
      std::ranges::copy(cost->row(i_lc), whole.row(cost->rows().begin + i_lc).begin());
  });
  return whole;
}

std::vector<float> values_of(const Matrix<float>& matrix) { return {matrix.data(), matrix.data() + matrix.rows() * matrix.cols()}; }

/// Two rows at 0 and 8, two columns at 0 and 4; norms 1 and 2.
test::SelectionData four_points() {
  test::SelectionData data;
  data.train = Matrix<float>(2, 1);
  data.valid = Matrix<float>(2, 1);
  data.train(0, 0) = 0, data.train(1, 0) = 8;
  data.valid(0, 0) = 0, data.valid(1, 0) = 4;
  data.gradient_norm = {1, 2};
  return data;
}

TEST(CostMatrix, IsTheNormalisedDistanceLessThePenalty) {
  const Matrix<float> cost = built(four_points(), test::select_settings("itra", 1, 0.5), 1);
  // D / 8 = 0 1/2 | 1 1/2, less 1/4 | 1/2: -1/4 1/4 | 1/2 0, plus 1/4, by 3/4
  EXPECT_EQ(values_of(cost), (std::vector<float>{0, 0.5F / 0.75F, 1, 0.25F / 0.75F}));
}

TEST(CostMatrix, LeavesDistancesUnscaledOnRequest) {
  SelectConfig config = test::select_settings("itra", 1, 4);
  config.distance_scale = "none";
  // 0 4 | 8 4, less 2 | 4: -2 2 | 4 0, plus 2, by 6
  EXPECT_EQ(values_of(built(four_points(), config, 1)), (std::vector<float>{0, 4 / 6.0F, 1, 2 / 6.0F}));
}

TEST(CostMatrix, OfEqualPointsWithoutNormsIsZero) {
  test::SelectionData data = four_points();
  data.gradient_norm = {0, 0};
  EXPECT_EQ(values_of(built(data, test::select_settings("itra", 1, 0.5), 1)), (std::vector<float>{0, 0.5F, 1, 0.5F}));
  data.train(1, 0) = data.valid(1, 0) = 0;
  for (const int ranks : {1, 2, 3})
    EXPECT_EQ(values_of(built(data, test::select_settings("itra", 1, 0.5), ranks)), std::vector<float>(4, 0.0F));
  data.gradient_norm = {0, 3};  // distances all 0, norms are not
  EXPECT_EQ(values_of(built(data, test::select_settings("itra", 1, 0.5), 1)), (std::vector<float>{1, 1, 0, 0}));
}

TEST(CostMatrix, HasTheSameBitsForAnyRanks) {
  for (const std::int64_t dimension : {1, 17, 64}) {
    const test::SelectionData data = test::clustered_data(101, 37, dimension, 9);
    const SelectConfig config = test::select_settings("itra", 10);
    const auto expected = values_of(built(data, config, 1));
    EXPECT_EQ(*std::ranges::min_element(expected), 0);
    EXPECT_EQ(*std::ranges::max_element(expected), 1);
    for (const int ranks : {2, 3, 5}) EXPECT_EQ(values_of(built(data, config, ranks)), expected) << ranks;
  }
}

/// Rows so long that neither table fits into one block.
TEST(CostMatrix, IsTheSameInManyBlocks) {
  constexpr std::int64_t kLong = 200'000;
  const test::SelectionData data = test::clustered_data(43, 23, kLong, 4);
  const SelectConfig config = test::select_settings("itra", 3);
  const auto expected = values_of(built(data, config, 1));
  EXPECT_EQ(values_of(built(data, config, 5)), expected);

  double deviation = 0;
  std::vector<double> distance;
  for (std::int64_t i = 0; i < 43; ++i)
    for (std::int64_t j = 0; j < 23; ++j) {
      double sum = 0;
      for (std::int64_t c = 0; c < kLong; ++c)
        sum += std::pow(static_cast<double>(data.train(i, c)) - static_cast<double>(data.valid(j, c)), 2);
      distance.push_back(std::sqrt(sum));
    }
  const double largest = *std::ranges::max_element(distance);
  const double largest_norm = *std::ranges::max_element(data.gradient_norm);
  for (std::size_t k = 0; k < distance.size(); ++k) distance[k] = distance[k] / largest - 0.5 * data.gradient_norm[k / 23] / largest_norm;
  const auto [low, high] = std::ranges::minmax(distance);
  for (std::size_t k = 0; k < distance.size(); ++k)
    deviation = std::max(deviation, std::abs((distance[k] - low) / (high - low) - static_cast<double>(expected[k])));
  EXPECT_LT(deviation,
            kLong / 16 * 0x1p-24 * 2);  // one rounding for each addition in a lane, half of it after the root, four times in the map
}

TEST(CostMatrix, GathersRowsInTheOrderAskedFor) {
  const Matrix<float> whole = [] {
    Matrix<float> cost(7, 3);
    for (std::int64_t i = 0; i < 7; ++i)
      for (std::int64_t j = 0; j < 3; ++j) cost(i, j) = static_cast<float>(3 * i + j) / 32;
    return cost;
  }();
  for (const int ranks : {1, 3, 5})
    test::on_ranks(ranks, [&](Communicator& world) {
      const CostMatrix cost = CostMatrix::of(whole, world);
      const std::vector<std::int64_t> rows = {6, 0, 3, 3};
      const Matrix<float> gathered = cost.gather(rows, world);
      for (std::int64_t k = 0; k < 4; ++k)
        for (std::int64_t j = 0; j < 3; ++j) EXPECT_EQ(gathered(k, j), whole(rows[static_cast<std::size_t>(k)], j));
    });
}

TEST(EmbeddingRows, ReadsScatteredRowsThroughAWindow) {
  const test::SelectionData data = test::clustered_data(500, 1, 3, 1);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 500; ++i)
    if (i % 7 != 3 || i > 400) rows.push_back(i);
  for (std::int64_t i = 200; i < 300; ++i) std::erase(rows, i);
  std::int64_t calls = 0;
  const itra::ReadRows read = [&](std::int64_t first, MatrixView<float> into) {
    ++calls;
    EXPECT_LE(first + into.rows, 500);
    for (std::int64_t k = 0; k < into.rows; ++k) std::ranges::copy(data.train.row(first + k), into.row(k).begin());
  };
  const itra::EmbeddingRows table(read, rows, 3, "table");
  ASSERT_EQ(table.size(), static_cast<std::int64_t>(rows.size()));
  for (const std::int64_t block : {1, 10, 97, 1000})
    for (std::int64_t first = 0; first < table.size(); first += block) {
      Matrix<float> found(std::min(block, table.size() - first), 3);
      table.read(first, found);
      for (std::int64_t k = 0; k < found.rows(); ++k)
        for (std::int64_t c = 0; c < 3; ++c) EXPECT_EQ(found(k, c), data.train(rows[static_cast<std::size_t>(first + k)], c));
    }
  calls = 0;
  Matrix<float> all(table.size(), 3);
  table.read(0, all);
  EXPECT_LT(calls, 10);
}

TEST(CostMatrix, StopsBetweenBlocks) {
  const test::SelectionData data = test::clustered_data(50, 20, 4, 1);
  test::on_ranks(2, [&](Communicator& world) {
    const itra::SelectionInput input = data.input();
    const SelectConfig config = test::select_settings("itra", 3);
    const auto cost =
        CostMatrix::build(input, itra::selection_classes(input, config).at(0), config, world, [](auto, auto) { return true; });
    EXPECT_FALSE(cost.has_value());
  });
}

/// Distances kept by three ranks serve another lambda and another number of ranks, without a look at the embeddings.
TEST(DistanceFile, ServesOtherLambdasAndRanks) {
  const test::TemporaryFolder folder;
  const test::SelectionData data = test::clustered_data(50, 20, 4, 1);
  const auto build = [&](int ranks, double lambda, bool keep, bool read_embeddings, const std::string& key = "a") {
    Matrix<float> whole(50, 20);
    test::on_ranks(ranks, [&](Communicator& world) {
      itra::SelectionInput input = data.input();
      if (keep) input.distances = {folder.path() / "kept", key};
      if (!read_embeddings) input.train = input.valid = [](std::int64_t, MatrixView<float>) { FAIL() << "embeddings are read"; };
      const SelectConfig config = test::select_settings("itra", 3, lambda);
      const auto cost = CostMatrix::build(input, itra::selection_classes(input, config).at(0), config, world);
      for (std::int64_t i_lc = 0; i_lc < cost->rows().size(); ++i_lc)
        std::ranges::copy(cost->row(i_lc), whole.row(cost->rows().begin + i_lc).begin());
    });
    return values_of(whole);
  };
  EXPECT_EQ(build(3, 0.5, true, true), build(1, 0.5, false, true));
  EXPECT_EQ(build(2, 0.1, true, false), build(1, 0.1, false, true));
  EXPECT_EQ(build(1, 0.5, true, false), build(1, 0.5, false, true));
  EXPECT_EQ(build(1, 0.5, true, true, "b"), build(1, 0.5, false, true));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path() / "kept"), {}), 2);
}

/// A sweep over budgets and methods keeps one greedy order for each lambda, and chooses what it would without.
TEST(GreedyOrderFile, ServesEveryBudgetOfASweep) {
  const test::TemporaryFolder folder;
  const test::SelectionData data = test::clustered_data(60, 25, 4, 1);
  const auto chosen = [&](const std::string& method, std::int64_t budget, double lambda, int ranks, bool keep) {
    std::vector<std::int64_t> rows;
    test::on_ranks(ranks, [&](Communicator& world) {
      itra::SelectionInput input = data.input();
      if (keep) input.distances = {folder.path(), "key"};
      const itra::Selection selection = itra::select(input, test::select_settings(method, budget, lambda), 1, world);
      if (world.is_root()) rows = selection.indices;
    });
    return rows;
  };
  const auto files = [&] {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      if (entry.path().filename().string().starts_with("greedy-")) found.push_back(entry.path());
    return found;
  };
  for (const auto& [method, budget, ranks] : {std::tuple{"greedy", 9, 2}, {"itra", 4, 1}, {"greedy", 14, 3}, {"greedy", 14, 1}})
    for (const double lambda : {0.1, 0.5})
      EXPECT_EQ(chosen(method, budget, lambda, ranks, true), chosen(method, budget, lambda, 1, false)) << method << budget;
  ASSERT_EQ(files().size(), 2U);
  std::ifstream in(files()[0]);
  std::string text(std::istreambuf_iterator<char>(in), {});
  const std::size_t digit = text.find_first_of("0123456789");
  text[digit] = text[digit] == '1' ? '2' : '1';
  std::ofstream(files()[0]) << text;
  test::on_ranks(2, [&](Communicator& world) {
    itra::SelectionInput input = data.input();
    input.distances = {folder.path(), "key"};
    test::expect_error(ExitCode::kInput, {files()[0].string(), "damaged"}, [&] {
      for (const double lambda : {0.1, 0.5}) itra::select(input, test::select_settings("greedy", 4, lambda), 1, world);
    });
  });
}

TEST(DistanceFile, IsRefusedWhenDamagedOrCut) {
  const test::TemporaryFolder folder;
  const itra::ClassRows rows{{0, 1, 2}, {0, 1}, 1};
  const itra::DistanceFile file({folder.path(), "key"}, rows, 4);
  Matrix<float> distance(3, 2);
  for (std::int64_t k = 0; k < 6; ++k) distance.data()[k] = static_cast<float>(k);
  test::on_ranks(1, [&](Communicator& world) {
    EXPECT_FALSE(file.exists(world));
    const auto rows_of = [&](std::int64_t first, std::int64_t count) {
      return MatrixView<const float>(distance.view().rows_from(first, count));
    };
    file.write({0, 3}, rows_of, world);
    EXPECT_TRUE(file.exists(world));
  });
  Matrix<float> found(2, 2);
  file.read({1, 3}, found);
  EXPECT_EQ(values_of(found), (std::vector<float>{2, 3, 4, 5}));

  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file.path()));
  EXPECT_EQ(size, 128 + 6 * 4 + 3 * 8);
  {
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(128 + 4 * 4);
    bytes.put(1);
  }
  test::expect_error(ExitCode::kInput, {file.path().string(), "row 2 is damaged"}, [&] { file.read({1, 3}, found); });
  file.read({0, 2}, found);  // the others are whole
  std::filesystem::resize_file(file.path(), static_cast<std::uintmax_t>(size - 1));
  test::expect_error(ExitCode::kInput, {file.path().string(), "ends too early"}, [&] { file.read({1, 3}, found); });
  std::ofstream(file.path()) << std::string(500, 'x');
  test::expect_error(ExitCode::kInput, {file.path().string(), "not the distances of 3 x 2"}, [&] { file.read({1, 3}, found); });
}

}  // namespace
}  // namespace goracs
