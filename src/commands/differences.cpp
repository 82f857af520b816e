#include "commands/differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "artifact/layout.hpp"
#include "artifact/manifest.hpp"
#include "artifact/provenance.hpp"
#include "base/error.hpp"
#include "commands/h5_listing.hpp"

namespace goracs {
namespace {

namespace fs = std::filesystem;

/// Names that one or both have, sorted.
template <class Names>
std::set<std::string> all_names(const Names& left, const Names& right) {
  std::set<std::string> names;
  for (const Names* side : {&left, &right})
    for (const auto& entry : *side)
      if constexpr (requires { entry.first; })
        names.insert(entry.first);
      else
        names.insert(entry);
  return names;
}

std::string last_of(const std::string& name) { return name.substr(name.rfind('/') + 1); }

/// How many elements differ, the first of them, and by how much at most.
template <class T>
std::string element_difference(const std::vector<T>& left, const std::vector<T>& right) {
  std::size_t count = 0, first = 0;
  double most = 0;
  for (std::size_t k = 0; k < left.size(); ++k) {
    const bool same = [&] {
      if constexpr (std::is_floating_point_v<T>) return left[k] == right[k] || (std::isnan(left[k]) && std::isnan(right[k]));
      return left[k] == right[k];
    }();
    if (same) continue;
    if (count++ == 0) first = k;
    if constexpr (std::is_arithmetic_v<T>) most = std::max(most, std::abs(static_cast<double>(left[k]) - static_cast<double>(right[k])));
  }
  if (count == 0) return "";
  std::string text =
      fmt::format("{} of {} elements differ, the first is [{}]: {} and {}", count, left.size(), first, left[first], right[first]);
  if constexpr (std::is_arithmetic_v<T>) text += fmt::format(", at most by {:.3g}", most);
  return text;
}

std::string dataset_difference(const H5File& left, const H5File& right, const std::string& name) {
  if (!left.contains(name)) return "only in the second";
  if (!right.contains(name)) return "only in the first";
  const Shape a = left.shape(name), b = right.shape(name);
  if (a != b) return fmt::format("shape {} and {}", text_of(a), text_of(b));
  const H5Element element = left.element(name);
  if (element != right.element(name)) return fmt::format("type {} and {}", name_of(element), name_of(right.element(name)));
  switch (element) {
    case H5Element::kText: return element_difference(left.read_strings(name), right.read_strings(name));
    case H5Element::kInt32:
    case H5Element::kInt64: return element_difference(left.read<std::int64_t>(name), right.read<std::int64_t>(name));
    case H5Element::kFloat32: return element_difference(left.read<float>(name), right.read<float>(name));
    case H5Element::kFloat64: return element_difference(left.read<double>(name), right.read<double>(name));
    case H5Element::kOther: break;
  }
  return "of a type that is not compared";
}

void compare_attributes(const H5File& left, const H5File& right, const std::string& object, Differences& found) {
  const auto a = attributes_of(left, object), b = attributes_of(right, object);
  for (const std::string& name : all_names(a, b)) {
    const std::string one = a.contains(name) ? a.at(name) : "(none)", other = b.contains(name) ? b.at(name) : "(none)";
    if (one == other) continue;
    const bool tells_origin = is_provenance(name) || is_time(name);
    constexpr std::size_t kMost = 120;
    const bool is_long = one.size() > kMost || other.size() > kMost;
    (tells_origin ? found.provenance : found.contents)
        .push_back(fmt::format("attribute {}{}: {}", object == "/" ? "" : object + " ", name,
                               is_long ? std::string("differs") : fmt::format("{} and {}", one, other)));
  }
}

Differences compare_h5(const fs::path& left_path, const fs::path& right_path) {
  const H5File left = H5File::open(checked(left_path)), right = H5File::open(checked(right_path));
  Differences found;
  compare_attributes(left, right, "/", found);
  for (const std::string& name : all_names(dataset_names(left), dataset_names(right))) {
    if (const std::string text = dataset_difference(left, right, name); !text.empty())
      (is_time(last_of(name)) ? found.provenance : found.contents).push_back(fmt::format("dataset {}: {}", name, text));
    if (left.contains(name) && right.contains(name)) compare_attributes(left, right, name, found);
  }
  return found;
}

nlohmann::json flat_json(const fs::path& file) {
  nlohmann::json json = nlohmann::json::parse(checked_bytes(file), nullptr, /*allow_exceptions=*/false);
  GORACS_CHECK_INPUT(!json.is_discarded(), "{}: no JSON", file.string());
  return json.flatten();
}

void compare_json(const nlohmann::json& left, const nlohmann::json& right, const std::string& what, Differences& found) {
  std::set<std::string> names;
  for (const auto* side : {&left, &right})
    for (const auto& [key, value] : side->items()) names.insert(key);
  for (const std::string& key : names) {
    const std::string one = left.contains(key) ? left[key].dump() : "(none)", other = right.contains(key) ? right[key].dump() : "(none)";
    if (one != other)
      (is_time(last_of(key)) ? found.provenance : found.contents).push_back(fmt::format("{} {}: {} and {}", what, key, one, other));
  }
}

std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), folder).generic_string());
  return files;
}

void compare_manifests(const fs::path& left, const fs::path& right, Differences& found) {
  const std::optional<Manifest> a = Manifest::read(left), b = Manifest::read(right);
  if (!a || !b) return;
  compare_json(a->config, b->config, "config", found);
  for (const std::string& name : all_names(a->inputs, b->inputs)) {
    const auto one = a->inputs.find(name), other = b->inputs.find(name);
    if (one == a->inputs.end() || other == b->inputs.end() || one->second != other->second)
      found.contents.push_back("input " + name + ": another content");
  }
}

Differences compare_folders(const fs::path& left, const fs::path& right) {
  Differences found;
  compare_manifests(left, right, found);
  const std::set<std::string> a = files_below(left), b = files_below(right);
  for (const std::string& name : all_names(a, b)) {
    if (last_of(name) == "MANIFEST.json") continue;
    if (!a.contains(name) || !b.contains(name)) {
      found.contents.push_back(fmt::format("{}: only in the {}", name, a.contains(name) ? "first" : "second"));
      continue;
    }
    const Differences own = differences(left / name, right / name);
    for (const std::string& text : own.contents) found.contents.push_back(name + ": " + text);
    for (const std::string& text : own.provenance) found.provenance.push_back(name + ": " + text);
  }
  return found;
}

}  // namespace

Differences differences(const fs::path& left, const fs::path& right) {
  for (const fs::path& side : {left, right}) GORACS_CHECK_USAGE(fs::exists(side), "{}: no such file or folder", side.string());
  GORACS_CHECK_USAGE(fs::is_directory(left) == fs::is_directory(right), "{} and {}: a folder and a file", left.string(), right.string());
  if (fs::is_directory(left)) return compare_folders(left, right);
  if (left.extension() == ".h5" && right.extension() == ".h5") return compare_h5(left, right);
  Differences found;
  if (left.extension() == ".json" && right.extension() == ".json")
    compare_json(flat_json(left), flat_json(right), "key", found);
  else if (checked_bytes(left) != checked_bytes(right))
    found.contents.emplace_back("the bytes differ");
  return found;
}

}  // namespace goracs
