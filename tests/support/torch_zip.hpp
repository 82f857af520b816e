#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace goracs::test {

/// A number's little-endian bytes.
template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A zip file of stored entries, as torch.save writes them (names, contents); no checksums.
inline std::string stored_zip(const std::vector<std::pair<std::string, std::string>>& entries) {
  const auto u16 = [](std::size_t value) { return bytes_of(static_cast<std::uint16_t>(value)); };
  const auto u32 = [](std::size_t value) { return bytes_of(static_cast<std::uint32_t>(value)); };
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const std::string sizes = u32(0) + u32(content.size()) + u32(content.size()) + u16(name.size());
    directory += "PK\x01\x02" + u16(20) + u16(20) + u16(0) + u16(0) + u32(0) + sizes + u16(0) + u16(0) + u16(0) + u16(0) + u32(0) +
                 u32(file.size()) + name;
    file += "PK\x03\x04" + u16(20) + u16(0) + u16(0) + u32(0) + sizes + u16(0) + name + content;
  }
  const std::string end =
      "PK\x05\x06" + u16(0) + u16(0) + u16(entries.size()) + u16(entries.size()) + u32(directory.size()) + u32(file.size()) + u16(0);
  return file + directory + end;
}

/// The pickle of {"name": tensor} with one float32 storage "0" of `count` elements: offset, shape and strides as given.
inline std::string pickled_tensor(const std::string& name, int count, int offset, const std::vector<int>& shape,
                                  const std::vector<int>& strides) {
  const auto text = [](const std::string& value) { return "X" + bytes_of(static_cast<std::uint32_t>(value.size())) + value; };
  const auto number = [](int value) { return "J" + bytes_of(static_cast<std::int32_t>(value)); };
  const auto tuple = [&](const std::vector<int>& values) {
    std::string program = "(";
    for (const int value : values) program += number(value);
    return program + "t";
  };
  std::string program = "\x80\x02}" + text(name) + "ctorch._utils\n_rebuild_tensor_v2\n((";
  program += text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(count) + "tQ";
  program += number(offset) + tuple(shape) + tuple(strides) + "\x89" + "ccollections\nOrderedDict\n)R" + "tR";
  return program + "s.";
}

}  // namespace goracs::test
