#include <cairo.h>

#include <cmath>
#include <cstdlib>
#include <numbers>

#include "base/error.hpp"
#include "commands/canvas.hpp"

namespace goracs {
namespace {

/// Pixels a point: sharp enough for paper.
constexpr double kScale = 2;

}  // namespace

struct PngCanvas::State {
  State(double width, double height)
      : surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width * kScale), static_cast<int>(height * kScale))),
        context(cairo_create(surface)) {
    cairo_scale(context, kScale, kScale);
    cairo_select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  }
  ~State() {
    cairo_destroy(context);
    cairo_surface_destroy(surface);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void colour(std::string_view hex) const {
    constexpr int kBase = 16;
    constexpr double kMost = 255;
    const auto part = [&](std::size_t from) {
      return static_cast<double>(std::stoi(std::string(hex.substr(from, 2)), nullptr, kBase)) / kMost;
    };
    cairo_set_source_rgb(context, part(1), part(3), part(5));
  }
  /// `shift`: how much of its width the text lies left of the point.
  void words(const std::string& text, double size, double shift) const {
    cairo_set_font_size(context, size);
    cairo_text_extents_t extents{};
    cairo_text_extents(context, text.c_str(), &extents);
    cairo_rel_move_to(context, -shift * extents.x_advance, 0);
    colour("#000000");
    cairo_show_text(context, text.c_str());
  }

  cairo_surface_t* surface;
  cairo_t* context;
};

PngCanvas::PngCanvas(double width, double height) : state_(std::make_unique<State>(width, height)) {
  rectangle(0, 0, width, height, "#ffffff");
}
PngCanvas::~PngCanvas() = default;

void PngCanvas::rectangle(double x, double y, double width, double height, std::string_view colour) {
  state_->colour(colour);
  cairo_rectangle(state_->context, x, y, width, height);
  cairo_fill(state_->context);
}

void PngCanvas::line(double x1, double y1, double x2, double y2, std::string_view colour, double width, bool dashed) {
  constexpr double kDashes[] = {6, 4};
  state_->colour(colour);
  cairo_set_line_width(state_->context, width);
  cairo_set_dash(state_->context, kDashes, dashed ? 2 : 0, 0);
  cairo_move_to(state_->context, x1, y1);
  cairo_line_to(state_->context, x2, y2);
  cairo_stroke(state_->context);
}

void PngCanvas::text(double x, double y, std::string_view text, double size, Align align) {
  cairo_move_to(state_->context, x, y);
  state_->words(std::string(text), size, align == Align::kLeft ? 0 : align == Align::kMiddle ? 0.5 : 1);
}

void PngCanvas::text_upwards(double x, double y, std::string_view text, double size) {
  cairo_save(state_->context);
  cairo_translate(state_->context, x, y);
  cairo_rotate(state_->context, -std::numbers::pi / 2);
  cairo_move_to(state_->context, 0, 0);
  state_->words(std::string(text), size, 0.5);
  cairo_restore(state_->context);
}

std::string PngCanvas::file_bytes() const {
  std::string bytes;
  const auto add = [](void* to, const unsigned char* data, unsigned length) {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(data), length);
    return CAIRO_STATUS_SUCCESS;
  };
  const cairo_status_t status = cairo_surface_write_to_png_stream(state_->surface, add, &bytes);
  GORACS_CHECK_IO(status == CAIRO_STATUS_SUCCESS, "cairo: {}", cairo_status_to_string(status));
  return bytes;
}

}  // namespace goracs
