#include <fmt/format.h>

#include "commands/canvas.hpp"

namespace goracs {
namespace {

/// Hundredths of a point are finer than any screen, and the bytes stay the same.
std::string at(double value) { return fmt::format("{:.2f}", value); }

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

SvgCanvas::SvgCanvas(double width, double height)
    : body_(fmt::format(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}" font-family="sans-serif">
)",
                        at(width), at(height))) {
  rectangle(0, 0, width, height, "#ffffff");
}

void SvgCanvas::rectangle(double x, double y, double width, double height, std::string_view colour) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", at(x), at(y), at(width), at(height), colour);
}

void SvgCanvas::line(double x1, double y1, double x2, double y2, std::string_view colour, double width, bool dashed) {
  body_ += fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{}/>\n", at(x1), at(y1), at(x2),
                       at(y2), colour, at(width), dashed ? " stroke-dasharray=\"6 4\"" : "");
}

void SvgCanvas::text(double x, double y, std::string_view text, double size, Align align) {
  const char* anchor = align == Align::kLeft ? "start" : align == Align::kMiddle ? "middle" : "end";
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\">{}</text>\n", at(x), at(y), at(size), anchor,
                       xml_escaped(text));
}

void SvgCanvas::text_upwards(double x, double y, std::string_view text, double size) {
  body_ += fmt::format("<text x=\"{0}\" y=\"{1}\" font-size=\"{2}\" text-anchor=\"middle\" transform=\"rotate(-90 {0} {1})\">{3}</text>\n",
                       at(x), at(y), at(size), xml_escaped(text));
}

}  // namespace goracs
