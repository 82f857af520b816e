#include "commands/array_source.hpp"

#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>

#include "base/error.hpp"

namespace goracs {
namespace {

void check_exists(const std::string& file) { GORACS_CHECK_USAGE(std::filesystem::exists(file), "{}: no such file", file); }

}  // namespace

ArraySource::Source ArraySource::open(const std::string& name) {
  if (name.ends_with(".npy")) {
    check_exists(name);
    return NpyFile(name);
  }
  const std::size_t colon = name.rfind(":/");
  GORACS_CHECK_USAGE(colon != std::string::npos && colon > 0, "{}: expected FILE.npy or FILE.h5:/DATASET", name);
  const std::string file = name.substr(0, colon), dataset = name.substr(colon + 1);
  check_exists(file);
  H5File opened = H5File::open(file);
  GORACS_CHECK_INPUT(opened.contains(dataset) && !opened.is_group(dataset), "{}: there is no dataset '{}' in {}", name, dataset, file);
  return Dataset{std::move(opened), dataset};
}

ArraySource::ArraySource(const std::string& name) : name_(name), source_(open(name)) {
  if (const auto* npy = std::get_if<NpyFile>(&source_))
    shape_ = npy->shape();
  else
    shape_ = std::get<Dataset>(source_).file.shape(std::get<Dataset>(source_).name);
}

std::int64_t ArraySource::rows_of(std::size_t dimensions) const {
  GORACS_CHECK_INPUT(shape_.size() == dimensions, "{}: shape ({}), expected {} dimension{}", name_, fmt::join(shape_, ", "), dimensions,
                     dimensions == 1 ? "" : "s");
  return shape_[0];
}

void ArraySource::read_rows(std::int64_t first, MatrixView<float> rows) const {
  if (const auto* npy = std::get_if<NpyFile>(&source_)) return npy->read_rows(first, rows);
  const auto& dataset = std::get<Dataset>(source_);
  dataset.file.read_rows<float>(dataset.name, first, rows);
}

std::vector<double> ArraySource::values() const {
  rows_of(1);
  if (const auto* npy = std::get_if<NpyFile>(&source_)) return npy->values();
  const auto& dataset = std::get<Dataset>(source_);
  return dataset.file.read<double>(dataset.name);
}

std::vector<std::int64_t> ArraySource::whole_numbers() const {
  constexpr double kExact = 9007199254740992;  // 2^53: every whole number up to here is a double
  const std::vector<double> found = values();
  std::vector<std::int64_t> whole(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    GORACS_CHECK_INPUT(std::floor(found[i]) == found[i] && std::abs(found[i]) <= kExact, "{}: row {} is {}, expected a whole number", name_,
                       i, found[i]);
    whole[i] = static_cast<std::int64_t>(found[i]);
  }
  return whole;
}

}  // namespace goracs
