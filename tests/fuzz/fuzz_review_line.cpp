// Any bytes as a line of reviews or metadata. What the JSON library takes for an object, ours takes too, with the same members.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "data/json_object_line.hpp"
#include "data/python_dict_line.hpp"
#include "fuzz/fuzzed_input.hpp"

namespace {

using Json = nlohmann::json;
using goracs::LineValue;

void expect_inside(std::string_view part, std::string_view whole) {
  if (!part.empty() && (part.data() < whole.data() || part.data() + part.size() > whole.data() + whole.size())) std::abort();
}

/// The members as the library sees them; the last of a repeated key wins in both.
Json members_of(std::string_view line, bool& accepted) {
  Json members = Json::object();
  goracs::JsonObjectLine object(line);
  while (object.next()) {
    expect_inside(object.value().text, line);
    const LineValue& value = object.value();
    const auto text = value.kind == LineValue::Kind::kString ? goracs::unescaped_json(value) : std::nullopt;
    const auto number = goracs::number_of(value);
    members[std::string(object.key())] = text ? Json(*text) : number ? Json(*number) : Json();
  }
  accepted = object.reason().empty();
  return members;
}

void compare(std::string_view line) {
  bool accepted = false;
  const Json members = members_of(line, accepted);
  const Json expected = Json::parse(line, nullptr, false);
  const bool library_only =
      line.starts_with("\xef\xbb\xbf") || line.find('\0') != std::string_view::npos;  // a mark it skips, an end it sees
  if (!expected.is_object() || library_only) return;
  if (!accepted || members.size() != expected.size()) std::abort();
  for (const auto& [key, value] : expected.items()) {
    if (!members.contains(key)) std::abort();
    if (value.is_string() && members[key] != value) std::abort();
    if (value.is_number() && members[key].get<double>() != value.get<double>()) std::abort();
  }
}

void read_python(std::string_view line) {
  goracs::PythonDictLine dict(line);
  while (dict.next()) {
    expect_inside(dict.value().text, line);
    if (dict.value().kind == LineValue::Kind::kString) goracs::unescaped_python(dict.value());
    goracs::number_of(dict.value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return goracs::test::expect_parsed_or_refused(data, size, [](std::span<const std::byte> bytes) {
    const std::string_view line(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    compare(line);
    read_python(line);
  });
}
