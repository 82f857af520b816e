#include "commands/h5_listing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace goracs {
namespace {

void add_datasets(const H5File& file, const std::string& group, std::vector<std::string>& names) {
  for (const std::string& name : file.names(group)) {
    const std::string whole = (group == "/" ? "/" : group + "/") + name;
    if (file.is_group(whole))
      add_datasets(file, whole, names);
    else
      names.push_back(whole);
  }
}

}  // namespace

std::vector<std::string> dataset_names(const H5File& file) {
  std::vector<std::string> names;
  add_datasets(file, "/", names);
  return names;
}

std::map<std::string, std::string> attributes_of(const H5File& file, const std::string& object) {
  std::map<std::string, std::string> all;
  for (const std::string& name : file.attribute_names(object))
    all[name] =
        file.is_text_attribute(name, object) ? file.text_attribute(name, object) : fmt::format("{}", file.number_attribute(name, object));
  return all;
}

std::string text_of(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

}  // namespace goracs
