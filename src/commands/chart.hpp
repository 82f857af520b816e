#pragma once

#include <string>
#include <utility>
#include <vector>

#include "commands/canvas.hpp"

namespace goracs {

/// One line of a chart; points that are not finite are left out.
struct Series {
  std::string name;
  std::vector<double> x, y;
};

/// Lines over one axis, with level lines ("greedy") across.
struct LineChart {
  std::string title, x_label, y_label;
  std::vector<Series> series;
  std::vector<std::pair<std::string, double>> levels;
};

/// Named amounts.
struct BarChart {
  std::string title, y_label;
  std::vector<std::pair<std::string, double>> bars;
};

/// A value for each pair of a row and a column; NaN where there is none.
struct HeatMap {
  std::string title, x_label, y_label;
  std::vector<std::string> columns, rows;
  std::vector<double> values;  ///< (rows, columns) row-major
};

inline constexpr double kChartWidth = 720, kChartHeight = 420;

void draw(const LineChart& chart, Canvas& canvas);
void draw(const BarChart& chart, Canvas& canvas);
void draw(const HeatMap& chart, Canvas& canvas);

/// The chart's numbers, tab separated, a heading first.
std::string tsv(const LineChart& chart);
std::string tsv(const BarChart& chart);
std::string tsv(const HeatMap& chart);

/// Round numbers that divide least .. most into about `count` parts.
///   (0, 1, 5) -> 0 0.2 0.4 0.6 0.8 1
std::vector<double> ticks(double least, double most, int count);

}  // namespace goracs
