#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace goracs {

/// Where a chart is drawn: points from the upper left corner, colours "#rrggbb".
class Canvas {
 public:
  enum class Align { kLeft, kMiddle, kRight };

  virtual ~Canvas() = default;
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  virtual void rectangle(double x, double y, double width, double height, std::string_view colour) = 0;
  virtual void line(double x1, double y1, double x2, double y2, std::string_view colour, double width, bool dashed) = 0;
  virtual void text(double x, double y, std::string_view text, double size, Align align) = 0;
  /// Text that reads upwards, its middle at (x, y).
  virtual void text_upwards(double x, double y, std::string_view text, double size) = 0;

 protected:
  Canvas() = default;
};

/// An SVG document of our own: the same bytes on every machine, no display, no fonts but the viewer's.
class SvgCanvas final : public Canvas {
 public:
  SvgCanvas(double width, double height);
  void rectangle(double x, double y, double width, double height, std::string_view colour) override;
  void line(double x1, double y1, double x2, double y2, std::string_view colour, double width, bool dashed) override;
  void text(double x, double y, std::string_view text, double size, Align align) override;
  void text_upwards(double x, double y, std::string_view text, double size) override;
  /// The whole document; nothing is drawn after that.
  std::string document() const { return body_ + "</svg>\n"; }

 private:
  std::string body_;
};

/// A PNG image by cairo.
class PngCanvas final : public Canvas {
 public:
  PngCanvas(double width, double height);
  ~PngCanvas() override;
  void rectangle(double x, double y, double width, double height, std::string_view colour) override;
  void line(double x1, double y1, double x2, double y2, std::string_view colour, double width, bool dashed) override;
  void text(double x, double y, std::string_view text, double size, Align align) override;
  void text_upwards(double x, double y, std::string_view text, double size) override;
  /// The bytes of the file. Errors: kIo.
  std::string file_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Text inside HTML and XML.
std::string xml_escaped(std::string_view text);

}  // namespace goracs
