#include <gtest/gtest.h>

#include <limits>

#include "artifact/h5.hpp"
#include "commands/chart.hpp"
#include "commands/figures.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace goracs {
namespace {

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

/// A coreset file with two exchanges after a greedy start of 0.4.
std::filesystem::path coreset_in(const test::TemporaryFolder& folder) {
  H5File file = H5File::create(folder / "coreset.h5");
  const std::vector<double> trace = {0.3, 0.25};
  file.write<double>("/trace/poo_score", trace);
  file.write_attribute("greedy_poo_score", 0.4);
  file.write_attribute("poo_score", 0.25);
  file.write_attribute("lower_bound", 0.2);
  file.close();
  return folder / "coreset.h5";
}

TEST(Ticks, AreRoundNumbersInsideTheInterval) {
  EXPECT_EQ(ticks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(ticks(-3, 3, 6).front(), -3);
  EXPECT_EQ(ticks(0.21, 0.29, 4).size(), 4U);  // 0.22 0.24 0.26 0.28
  EXPECT_EQ(ticks(1, 1, 5), std::vector<double>{1});
}

TEST(ObjectiveChart, BeginsAtTheGreedyCoresetAndShowsTheBound) {
  const test::TemporaryFolder folder;
  const LineChart chart = objective_chart(coreset_in(folder));
  EXPECT_EQ(chart.series.at(0).y, (std::vector<double>{0.4, 0.3, 0.25}));
  EXPECT_EQ(chart.series.at(0).x, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(chart.levels.at(0), (std::pair<std::string, double>("greedy", 0.4)));
  EXPECT_EQ(chart.levels.at(1).second, 0.2);
}

TEST(Svg, HoldsALineForEachPieceOfASeriesAndTheSameBytesEachTime) {
  const LineChart chart{"t", "x", "y", {{"a", {0, 1, 2, 3}, {1, 2, 1, 2}}}, {}};
  const LineChart broken{"t", "x", "y", {{"a", {0, 1, 2, 3}, {1, 2, std::numeric_limits<double>::quiet_NaN(), 2}}}, {}};
  EXPECT_EQ(svg(chart), svg(chart));
  EXPECT_EQ(count_of(svg(chart), "#1f6fb4"), 4U);   // three pieces and the key
  EXPECT_EQ(count_of(svg(broken), "#1f6fb4"), 2U);  // one piece and the key
}

TEST(Svg, EscapesWhatNamesHold) {
  const BarChart chart{"a < b & \"c\"", "s", {{"<x>", 1}}};
  const std::string text = svg(chart);
  EXPECT_NE(text.find("a &lt; b &amp; &quot;c&quot;"), std::string::npos);
  EXPECT_EQ(text.find("<x>"), std::string::npos);
}

TEST(Png, IsAPngFileOfTwiceTheChartsSize) {
  const std::string bytes = png(BarChart{"t", "s", {{"a", 1}, {"b", 2}}});
  ASSERT_GT(bytes.size(), 24U);
  EXPECT_EQ(bytes.substr(0, 8), "\x89PNG\r\n\x1a\n");
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(bytes[k]); };
  EXPECT_EQ(at(18) * 256 + at(19), 2 * static_cast<int>(kChartWidth));
  EXPECT_EQ(at(22) * 256 + at(23), 2 * static_cast<int>(kChartHeight));
}

TEST(Tsv, HoldsTheNumbersOfTheChart) {
  const HeatMap map{"itra: gap", "lambda", "budget", {"0", "0.5"}, {"64"}, {0.25, 0.5}};
  EXPECT_EQ(tsv(Figure(map)), "budget \\ lambda\t0\t0.5\n64\t0.25\t0.5\n");
  EXPECT_EQ(tsv(Figure(BarChart{"t", "seconds", {{"embed", 1.5}}})), "name\tseconds\nembed\t1.5\n");
}

TEST(Charts, OfNothingOrOfOneValueAreDrawn) {
  EXPECT_NE(svg(LineChart{"t", "x", "y", {{"a", {}, {}}}, {}}).find("</svg>"), std::string::npos);
  EXPECT_NE(svg(LineChart{"t", "x", "y", {{"a", {0}, {0.5}}}, {}}).find("</svg>"), std::string::npos);
  EXPECT_NE(svg(BarChart{"t", "y", {}}).find("</svg>"), std::string::npos);
  const double none = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(svg(HeatMap{"t", "x", "y", {"0"}, {"1"}, {none}}).find("</svg>"), std::string::npos);
}

TEST(Figure, OfWhatHasNoPictureIsRefused) {
  const test::TemporaryFolder folder;
  H5File::create(folder / "other.h5").close();
  test::expect_error(ExitCode::kUsage, {"other.h5", "nothing to plot"}, [&] { figure_of(folder / "other.h5"); });
  test::expect_error(ExitCode::kUsage, {"missing.h5"}, [&] { figure_of(folder / "missing.h5"); });
  test::expect_error(ExitCode::kUsage, {"nothing to plot"}, [&] { figure_of(folder.path()); });
}

}  // namespace
}  // namespace goracs
