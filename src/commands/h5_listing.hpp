#pragma once

#include <map>
#include <string>
#include <vector>

#include "artifact/h5.hpp"

namespace goracs {

/// All datasets of a file by their whole names ("/trace/poo_score"), sorted.
std::vector<std::string> dataset_names(const H5File& file);

/// Attributes of an object as text, numbers with all their digits.
std::map<std::string, std::string> attributes_of(const H5File& file, const std::string& object);

/// "(64)", "(4000, 384)"
std::string text_of(const Shape& shape);

}  // namespace goracs
