#include <charconv>
#include <limits>
#include <optional>
#include <set>

#include "artifact/npy.hpp"
#include "base/error.hpp"

namespace goracs {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kLongestHeader = std::size_t{1} << 20;

/// A reader of the header's dictionary, the literal of a Python dict:  {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class DictReader {
 public:
  DictReader(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  NpyHeader read() {
    NpyHeader header;
    std::set<std::string> keys;
    expect('{');
    while (!take('}')) {
      const std::string key = quoted();
      if (!keys.insert(key).second) refuse("key '" + key + "' stands there twice");
      expect(':');
      if (key == "descr")
        header.element = element(quoted());
      else if (key == "fortran_order")
        header.fortran_order = boolean();
      else if (key == "shape")
        header.shape = tuple();
      else
        refuse("unknown key '" + key + "'");
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (!rest_.empty()) refuse("something stands after the dictionary");
    if (keys.size() != 3) refuse("expected the keys descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail(ExitCode::kInput, "{}: the .npy header is malformed: {}", name_, what); }

  void skip_spaces() {
    const std::size_t at = rest_.find_first_not_of(" \t\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  bool take(char wanted) {
    skip_spaces();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) refuse(fmt::format("expected '{}' at \"{}\"", wanted, shown()));
  }
  std::string shown() const {
    constexpr std::size_t kMost = 20;
    std::string text;
    for (const char c : rest_.substr(0, kMost)) text += c >= ' ' && c <= '~' ? c : '?';
    return text;
  }
  std::string quoted() {
    skip_spaces();
    if (rest_.empty() || (rest_.front() != '\'' && rest_.front() != '"')) refuse(fmt::format("expected a text at \"{}\"", shown()));
    const std::size_t end = rest_.find(rest_.front(), 1);
    if (end == std::string_view::npos) refuse("a text has no end");
    const std::string text(rest_.substr(1, end - 1));
    if (text.find('\\') != std::string::npos) refuse("a text with an escape");
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair("True", true), std::pair("False", false)})
      if (rest_.starts_with(word)) {
        rest_.remove_prefix(std::string_view(word).size());
        return value;
      }
    refuse(fmt::format("expected True or False at \"{}\"", shown()));
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!take(')')) {
      skip_spaces();
      std::int64_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc{} || extent < 0) refuse(fmt::format("expected an extent at \"{}\"", shown()));
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      shape.push_back(extent);
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }
  NpyElement element(const std::string& descr) const {
    static constexpr std::pair<std::string_view, NpyElement> kKnown[] = {{"<f2", NpyElement::kFloat16},
                                                                         {"<f4", NpyElement::kFloat32},
                                                                         {"<f8", NpyElement::kFloat64},
                                                                         {"<i4", NpyElement::kInt32},
                                                                         {"<i8", NpyElement::kInt64}};
    for (const auto& [known, type] : kKnown)
      if (descr == known) return type;
    fail(ExitCode::kInput, "{}: elements of type '{}', expected float16, float32, float64, int32 or int64, little-endian", name_, descr);
  }

  std::string_view rest_;
  const std::string& name_;
};

std::size_t little_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (std::size_t k = bytes.size(); k-- > 0;) value = value << 8U | static_cast<unsigned char>(bytes[k]);
  return value;
}

/// Elements of a shape; none when their bytes cannot be counted.
std::optional<std::int64_t> count_of(const std::vector<std::int64_t>& shape) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 16;
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (extent != 0 && count > kMost / extent) return std::nullopt;
    count *= extent;
  }
  return count;
}

}  // namespace

NpyHeader parse_npy_header(std::string_view bytes, const std::string& name) {
  GORACS_CHECK_INPUT(bytes.starts_with(kMagic) && bytes.size() >= kMagic.size() + kVersionBytes, "{}: not a .npy file", name);
  const int version = static_cast<unsigned char>(bytes[kMagic.size()]), minor = static_cast<unsigned char>(bytes[kMagic.size() + 1]);
  GORACS_CHECK_INPUT(version >= 1 && version <= 3 && minor == 0, "{}: .npy version {}.{}, expected 1.0 to 3.0", name, version, minor);
  const std::size_t length_bytes = version == 1 ? 2 : 4, begin = kMagic.size() + kVersionBytes + length_bytes;
  GORACS_CHECK_INPUT(bytes.size() >= begin, "{}: ends inside the .npy header", name);
  const std::size_t length = little_endian(bytes.substr(begin - length_bytes, length_bytes));
  GORACS_CHECK_INPUT(length <= kLongestHeader, "{}: a .npy header of {} bytes, at most {} were expected", name, length, kLongestHeader);
  GORACS_CHECK_INPUT(bytes.size() >= begin + length, "{}: ends inside the .npy header", name);
  NpyHeader header = DictReader(bytes.substr(begin, length), name).read();
  const std::optional<std::int64_t> count = count_of(header.shape);
  GORACS_CHECK_INPUT(count, "{}: the shape in the .npy header is beyond counting", name);
  header.num_elements = *count;
  header.data_offset = static_cast<std::int64_t>(begin + length);
  return header;
}

}  // namespace goracs
