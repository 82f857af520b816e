// Selection with the costs on a GPU chooses what it chooses on the CPU, bit for bit: on the emulator over a fake of NCCL, and on GPUs (label gpu).
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

#include "comm/nccl_communicator.hpp"
#include "comm/self_communicator.hpp"
#include "itra/selection.hpp"
#include "support/expect_selection.hpp"
#include "support/golden.hpp"
#include "support/mpi_world.hpp"
#include "support/selection_data.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

using itra::Place;
using itra::Selection;

constexpr std::int64_t kMostExchanges = 8;

/// All ranks, each with a GPU of its own.
std::unique_ptr<Communicator> gpus() {
  setenv("GORACS_FAKE_DEVICES", std::to_string(test::world().size()).c_str(), 1);
  return nccl_communicator(test::world(), test::kPeerSeconds);
}

Selection select_in(Place place, const test::SelectionData& data, const SelectConfig& config, Communicator& world) {
  itra::SelectionInput input = data.input();
  input.place = place;
  return itra::select(input, config, 1, world);
}

/// On GPUs over all ranks against the CPU of one. Returns how many exchanges there were.
std::size_t expect_the_same_on_gpus(const test::SelectionData& data, const SelectConfig& config, Communicator& gpus) {
  SelfCommunicator alone;
  const Selection on_cpu = select_in(Place::kHost, data, config, alone);
  test::expect_equal(select_in(Place::kGpu, data, config, gpus), on_cpu);
  return on_cpu.trace.size();
}

struct GoldenCases {
  const char* method;
  std::int64_t most_costs;  ///< of a case: what the emulator gets through in seconds
  int at_least;             ///< so many cases are that small
};

class GpuSelection : public testing::TestWithParam<GoldenCases> {};
INSTANTIATE_TEST_SUITE_P(Golden, GpuSelection, testing::Values(GoldenCases{"itra", 20000, 10}, GoldenCases{"relaxed", 2000, 5}));

TEST_P(GpuSelection, OfGoldenCasesEqualsTheCpus) {
  const auto ranks = gpus();
  int cases = 0;
  for (const auto& path : test::golden_files("itra", ".h5")) {
    const test::SelectionData data = test::golden_data(path);
    if (data.train.rows() * data.valid.rows() > GetParam().most_costs) continue;
    SCOPED_TRACE(path.string());
    SelectConfig config = test::golden_settings(path);
    config.method = GetParam().method;
    config.max_exchanges = std::min(config.max_exchanges, kMostExchanges);
    expect_the_same_on_gpus(data, config, *ranks);
    ++cases;
  }
  EXPECT_GE(cases, GetParam().at_least);
}

/// Odd numbers of rows with ties, of three classes.
test::SelectionData data_of_classes() {
  test::SelectionData data = test::clustered_data(61, 29, 5, 3, /*ties=*/true);
  for (std::int64_t i = 0; i < data.train.rows(); ++i) data.train_label.push_back(static_cast<std::int32_t>(i % 3));
  for (std::int64_t j = 0; j < data.valid.rows(); ++j) data.valid_label.push_back(static_cast<std::int32_t>(j % 3));
  data.class_names = {"no", "maybe", "yes"};
  return data;
}

TEST(GpuSelectionMethods, EqualTheCpusWholeAndInClasses) {
  const auto ranks = gpus();
  const test::SelectionData data = data_of_classes();
  for (const char* method : {"itra", "relaxed", "greedy", "random", "grad_norm", "k_center", "facility_location", "ccs"})
    for (const bool in_classes : {false, true}) {
      SCOPED_TRACE(testing::Message() << method << (in_classes ? " in classes" : ""));
      SelectConfig config = test::select_settings(method, 7);
      config.max_exchanges = kMostExchanges;
      config.label_enhanced = in_classes;
      expect_the_same_on_gpus(data, config, *ranks);
    }
}

TEST(GpuSelectionScores, EqualTheCpus) {
  const auto ranks = gpus();
  const test::SelectionData data = test::clustered_data(90, 40, 19, 3, /*ties=*/true);
  for (const char* order_statistic : {"smallest", "reference"})
    for (const char* inner_potential : {"exclude_self", "reference"}) {
      SCOPED_TRACE(testing::Message() << "order statistic " << order_statistic << ", inner potential " << inner_potential);
      SelectConfig config = test::select_settings("itra", 9);
      config.max_exchanges = kMostExchanges;
      config.order_statistic = order_statistic;
      config.inner_potential = inner_potential;
      EXPECT_GT(expect_the_same_on_gpus(data, config, *ranks), 0U);
    }
}

std::string bytes_of(const std::filesystem::path& folder) {
  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(in), {});
  }
  return bytes;
}

TEST(GpuSelectionDistances, AreOneFileWithTheCpus) {
  if (test::world().size() > 1) return;  // each rank would have a folder of its own
  const test::SelectionData data = test::clustered_data(300, 30, 20, 4);
  const SelectConfig config = test::select_settings("random", 20);
  const auto ranks = gpus();
  const test::TemporaryFolder of_cpu, of_gpu;
  for (const auto& [place, folder] : {std::pair{Place::kHost, of_cpu.path()}, {Place::kGpu, of_gpu.path()}}) {
    itra::SelectionInput input = data.input();
    input.place = place;
    input.distances = itra::DistancePlace{folder, "key"};
    itra::select(input, config, 1, *ranks);
  }
  ASSERT_GT(bytes_of(of_cpu.path()).size(), 300U * 30U * sizeof(float));
  EXPECT_EQ(bytes_of(of_gpu.path()), bytes_of(of_cpu.path()));

  itra::SelectionInput input = data.input();  // and now they are read
  input.place = Place::kGpu;
  input.distances = itra::DistancePlace{of_cpu.path(), "key"};
  test::expect_equal(itra::select(input, config, 1, *ranks), select_in(Place::kHost, data, config, *ranks));
}

}  // namespace
}  // namespace goracs
