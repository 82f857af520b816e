#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "artifact/h5.hpp"

namespace goracs {

/// The format's version (`goracs_schema` of every artifact). Part of every stage folder's hash.
inline constexpr std::int64_t kSchema = 1;

/// One dataset on disk. `shape` holds letters, one a dimension: the same letter is the same number all over one file. `optional`: not in
/// every such file.
struct DatasetLayout {
  std::string_view file, dataset;
  H5Element element;
  std::string_view shape, units, long_name;
  bool optional = false;
};

/// The table of every dataset on disk (INTERFACE, "Files"), the one place that says type, shape, units and meaning. Files may hold more
/// than it says.
std::span<const DatasetLayout> dataset_layouts();

/// Checks a file against the table: every dataset there, of its type, the shapes agreeing. Errors: kInput naming file and dataset.
void check_layout(const H5File& h5, std::string_view file);
/// Puts the table's units and long_name on the datasets that have none.
void describe_by_layout(H5File& h5, std::string_view file);

/// A dataset, attribute or JSON key that holds times and so is left out of content hashes: `seconds`, or `seconds_*`.
bool is_time(std::string_view name);
/// JSON files in which keys that are times are left out of the content hash; others go by their bytes.
bool has_time_keys(std::string_view file);

}  // namespace goracs
