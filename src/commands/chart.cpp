#include "commands/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace goracs {
namespace {

constexpr double kLeft = 90, kRight = 24, kTop = 44, kBottom = 60;
constexpr double kTitleSize = 15, kLabelSize = 12, kTickSize = 11;
constexpr double kPlotWidth = kChartWidth - kLeft - kRight, kPlotHeight = kChartHeight - kTop - kBottom;
constexpr const char* kGrid = "#e0e0e0";
constexpr const char* kFrame = "#404040";
constexpr const char* kColours[] = {"#1f6fb4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#666666"};

const char* colour(std::size_t k) { return kColours[k % std::size(kColours)]; }

/// What an axis runs over.
struct Interval {
  double least = std::numeric_limits<double>::infinity(), most = -std::numeric_limits<double>::infinity();

  void take_in(double value) {
    if (!std::isfinite(value)) return;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  /// Something to divide by, with a little room at both ends.
  Interval padded(double share) const {
    if (!(most >= least)) return {0, 1};
    const double width = most > least ? most - least : std::max(std::abs(most), 1.0);
    return {least - share * width, most + share * width};
  }
  double share_of(double value) const { return (value - least) / (most - least); }
};

double x_at(const Interval& axis, double value) { return kLeft + kPlotWidth * axis.share_of(value); }
double y_at(const Interval& axis, double value) { return kTop + kPlotHeight * (1 - axis.share_of(value)); }

void draw_words(Canvas& canvas, const std::string& title, const std::string& x_label, const std::string& y_label) {
  canvas.text(kChartWidth / 2, kTop / 2 + kTitleSize / 2, title, kTitleSize, Canvas::Align::kMiddle);
  canvas.text(kLeft + kPlotWidth / 2, kChartHeight - kLabelSize, x_label, kLabelSize, Canvas::Align::kMiddle);
  canvas.text_upwards(kLabelSize + 6, kTop + kPlotHeight / 2, y_label, kLabelSize);
}

void draw_y_axis(Canvas& canvas, const Interval& axis) {
  constexpr int kTicks = 6;
  for (const double tick : ticks(axis.least, axis.most, kTicks)) {
    const double y = y_at(axis, tick);
    canvas.line(kLeft, y, kLeft + kPlotWidth, y, kGrid, 1, false);
    canvas.text(kLeft - 6, y + kTickSize / 3, fmt::format("{:.6g}", tick), kTickSize, Canvas::Align::kRight);
  }
}

void draw_x_axis(Canvas& canvas, const Interval& axis) {
  constexpr int kTicks = 8;
  for (const double tick : ticks(axis.least, axis.most, kTicks)) {
    const double x = x_at(axis, tick);
    canvas.line(x, kTop + kPlotHeight, x, kTop + kPlotHeight + 4, kFrame, 1, false);
    canvas.text(x, kTop + kPlotHeight + 6 + kTickSize, fmt::format("{:.6g}", tick), kTickSize, Canvas::Align::kMiddle);
  }
}

void draw_frame(Canvas& canvas) {
  canvas.line(kLeft, kTop, kLeft, kTop + kPlotHeight, kFrame, 1, false);
  canvas.line(kLeft, kTop + kPlotHeight, kLeft + kPlotWidth, kTop + kPlotHeight, kFrame, 1, false);
}

void draw_key(Canvas& canvas, std::size_t place, const std::string& name, const char* ink, bool dashed) {
  constexpr double kDash = 22, kStep = 16;
  const double y = kTop + 10 + kStep * static_cast<double>(place), x = kLeft + kPlotWidth - 10;
  canvas.line(x - kDash, y - 4, x, y - 4, ink, 2, dashed);
  canvas.text(x - kDash - 6, y, name, kTickSize, Canvas::Align::kRight);
}

void draw_series(Canvas& canvas, const Series& series, const Interval& across, const Interval& up, const char* ink) {
  constexpr double kDot = 3;
  double last_x = 0, last_y = 0;
  bool has_last = false;
  for (std::size_t k = 0; k < series.x.size(); ++k) {
    if (!std::isfinite(series.y[k])) {
      has_last = false;
      continue;
    }
    const double x = x_at(across, series.x[k]), y = y_at(up, series.y[k]);
    if (has_last)
      canvas.line(last_x, last_y, x, y, ink, 2, false);
    else if (series.x.size() == 1)
      canvas.rectangle(x - kDot, y - kDot, 2 * kDot, 2 * kDot, ink);
    last_x = x;
    last_y = y;
    has_last = true;
  }
}

/// From light to dark blue.
std::string shade(double share) {
  const auto mixed = [share](int light, int dark) { return static_cast<int>(std::lround(light + share * (dark - light))); };
  return fmt::format("#{:02x}{:02x}{:02x}", mixed(0xf0, 0x08), mixed(0xf5, 0x30), mixed(0xfb, 0x6b));
}

}  // namespace

std::vector<double> ticks(double least, double most, int count) {
  constexpr double kSteps[] = {1, 2, 5, 10};
  const double rough = (most - least) / count;
  if (!(rough > 0) || !std::isfinite(rough)) return {least};
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * *std::find_if(std::begin(kSteps), std::end(kSteps) - 1, [&](double s) { return s * power >= rough; });
  std::vector<double> all;
  const double slack = step * 1e-9;  // least and most themselves, whatever rounding did
  for (double k = std::ceil((least - slack) / step); k * step <= most + slack; ++k) all.push_back(k == 0 ? 0 : k * step);
  return all;
}

void draw(const LineChart& chart, Canvas& canvas) {
  constexpr double kRoom = 0.04;
  Interval across, up;
  for (const Series& series : chart.series) {
    for (const double x : series.x) across.take_in(x);
    for (const double y : series.y) up.take_in(y);
  }
  for (const auto& [name, level] : chart.levels) up.take_in(level);
  across = across.padded(0);
  up = up.padded(kRoom);
  if (across.most == across.least) across = across.padded(1);

  draw_words(canvas, chart.title, chart.x_label, chart.y_label);
  draw_y_axis(canvas, up);
  draw_x_axis(canvas, across);
  std::size_t place = 0;
  for (const Series& series : chart.series) {
    draw_series(canvas, series, across, up, colour(place));
    draw_key(canvas, place, series.name, colour(place), false);
    ++place;
  }
  for (const auto& [name, level] : chart.levels) {
    if (!std::isfinite(level)) continue;
    canvas.line(kLeft, y_at(up, level), kLeft + kPlotWidth, y_at(up, level), colour(place), 1.5, true);
    draw_key(canvas, place, fmt::format("{} {:.6g}", name, level), colour(place), true);
    ++place;
  }
  draw_frame(canvas);
}

void draw(const BarChart& chart, Canvas& canvas) {
  constexpr double kShare = 0.7;
  Interval up;
  up.take_in(0);
  for (const auto& [name, value] : chart.bars) up.take_in(value);
  up.most = up.most > 0 ? up.most * 1.08 : 1;
  draw_words(canvas, chart.title, "", chart.y_label);
  draw_y_axis(canvas, up);
  const double step = kPlotWidth / static_cast<double>(std::max<std::size_t>(chart.bars.size(), 1));
  for (std::size_t k = 0; k < chart.bars.size(); ++k) {
    const auto& [name, value] = chart.bars[k];
    const double middle = kLeft + step * (static_cast<double>(k) + 0.5);
    canvas.text(middle, kTop + kPlotHeight + 6 + kTickSize, name, kTickSize, Canvas::Align::kMiddle);
    if (!std::isfinite(value)) continue;
    const double top = y_at(up, value);
    canvas.rectangle(middle - step * kShare / 2, top, step * kShare, kTop + kPlotHeight - top, colour(0));
    canvas.text(middle, top - 4, fmt::format("{:.4g}", value), kTickSize, Canvas::Align::kMiddle);
  }
  draw_frame(canvas);
}

void draw(const HeatMap& chart, Canvas& canvas) {
  Interval range;
  for (const double value : chart.values) range.take_in(value);
  const Interval scale = range.padded(0);
  draw_words(canvas, chart.title, chart.x_label, chart.y_label);
  const double width = kPlotWidth / static_cast<double>(chart.columns.size()),
               height = kPlotHeight / static_cast<double>(chart.rows.size());
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    const double y = kTop + height * static_cast<double>(i);
    canvas.text(kLeft - 6, y + height / 2 + kTickSize / 3, chart.rows[i], kTickSize, Canvas::Align::kRight);
    for (std::size_t j = 0; j < chart.columns.size(); ++j) {
      const double x = kLeft + width * static_cast<double>(j), value = chart.values[i * chart.columns.size() + j];
      if (i == 0) canvas.text(x + width / 2, kTop + kPlotHeight + 6 + kTickSize, chart.columns[j], kTickSize, Canvas::Align::kMiddle);
      if (!std::isfinite(value)) continue;
      const double share = scale.most > scale.least ? scale.share_of(value) : 0;
      canvas.rectangle(x + 1, y + 1, width - 2, height - 2, shade(share / 2));  // the lighter half, so that black figures are readable
      canvas.text(x + width / 2, y + height / 2 + kTickSize / 3, fmt::format("{:.5g}", value), kTickSize, Canvas::Align::kMiddle);
    }
  }
}

std::string tsv(const LineChart& chart) {
  std::string text = fmt::format("series\t{}\t{}\n", chart.x_label, chart.y_label);
  for (const Series& series : chart.series)
    for (std::size_t k = 0; k < series.x.size(); ++k) text += fmt::format("{}\t{}\t{}\n", series.name, series.x[k], series.y[k]);
  for (const auto& [name, level] : chart.levels) text += fmt::format("{}\t\t{}\n", name, level);
  return text;
}

std::string tsv(const BarChart& chart) {
  std::string text = fmt::format("name\t{}\n", chart.y_label);
  for (const auto& [name, value] : chart.bars) text += fmt::format("{}\t{}\n", name, value);
  return text;
}

std::string tsv(const HeatMap& chart) {
  std::string text = fmt::format("{} \\ {}\t{}\n", chart.y_label, chart.x_label, fmt::join(chart.columns, "\t"));
  for (std::size_t i = 0; i < chart.rows.size(); ++i) {
    text += chart.rows[i];
    for (std::size_t j = 0; j < chart.columns.size(); ++j) text += fmt::format("\t{}", chart.values[i * chart.columns.size() + j]);
    text += "\n";
  }
  return text;
}

}  // namespace goracs
