// Prints what the artifact layer reads from HDF5 files, as one JSON object a file: content_sha256, attributes of the root, datasets with element,
// shape and values.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "artifact/content_hash.hpp"
#include "artifact/h5.hpp"
#include "base/error.hpp"

namespace goracs {
namespace {

nlohmann::json values_of(const H5File& h5, const std::string& name) {
  switch (h5.element(name)) {
    case H5Element::kText: return h5.read_strings(name);
    case H5Element::kInt32:
    case H5Element::kInt64: return h5.read<std::int64_t>(name);
    default: return h5.read<double>(name);
  }
}

void add_group(const H5File& h5, const std::string& group, nlohmann::json& datasets) {
  for (const std::string& name : h5.names(group)) {
    const std::string path = (group == "/" ? "/" : group + "/") + name;
    if (h5.is_group(path))
      add_group(h5, path, datasets);
    else
      datasets[path] = {{"element", name_of(h5.element(path))}, {"shape", h5.shape(path)}, {"values", values_of(h5, path)}};
  }
}

nlohmann::json contents(const std::string& file) {
  const H5File h5 = H5File::open(file);
  nlohmann::json all{
      {"content_sha256", content_sha256_of(file)}, {"attributes", h5.attribute_names()}, {"datasets", nlohmann::json::object()}};
  add_group(h5, "/", all["datasets"]);
  return all;
}

}  // namespace
}  // namespace goracs

int main(int argc, char** argv) {
  try {
    for (int k = 1; k < argc; ++k) std::printf("%s\n", goracs::contents(argv[k]).dump().c_str());
    return 0;
  } catch (const goracs::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "not an error of ours: %s\n", error.what());
    return 99;
  }
}
