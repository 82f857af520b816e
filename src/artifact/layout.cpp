#include "artifact/layout.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

#include "base/error.hpp"

namespace goracs {
namespace {

constexpr H5Element kText = H5Element::kText, kInt32 = H5Element::kInt32, kInt64 = H5Element::kInt64, kFloat32 = H5Element::kFloat32,
                    kFloat64 = H5Element::kFloat64;

// N pool rows, M validation rows, T test rows, I items, d and h components, n coreset rows, E exchanges, K classes, S steps, V validations,
// C candidates that are ranked for a test row
constexpr DatasetLayout kDatasets[] = {
    {"samples.h5", "/train/instruction", kText, "N", "", "instruction of each pool sample"},
    {"samples.h5", "/train/input", kText, "N", "", "input of each pool sample"},
    {"samples.h5", "/train/output", kText, "N", "", "answer of each pool sample"},
    {"samples.h5", "/train/user", kText, "N", "", "user of each pool sample"},
    {"samples.h5", "/train/label", kInt32, "N", "", "class of each pool sample, -1 for seqrec"},
    {"samples.h5", "/valid/instruction", kText, "M", "", "instruction of each validation sample"},
    {"samples.h5", "/valid/input", kText, "M", "", "input of each validation sample"},
    {"samples.h5", "/valid/output", kText, "M", "", "answer of each validation sample"},
    {"samples.h5", "/valid/user", kText, "M", "", "user of each validation sample"},
    {"samples.h5", "/valid/label", kInt32, "M", "", "class of each validation sample, -1 for seqrec"},
    {"samples.h5", "/test/instruction", kText, "T", "", "instruction of each test sample"},
    {"samples.h5", "/test/input", kText, "T", "", "input of each test sample"},
    {"samples.h5", "/test/output", kText, "T", "", "answer of each test sample"},
    {"samples.h5", "/test/user", kText, "T", "", "user of each test sample"},
    {"samples.h5", "/test/label", kInt32, "T", "", "class of each test sample, -1 for seqrec"},
    {"samples.h5", "/test/negatives", kInt64, "TC", "row of /items", "items ranked beside the true one", true},
    {"samples.h5", "/items/title", kText, "I", "", "title of each item", true},
    {"samples.h5", "/items/id", kInt64, "I", "", "number of each item in the data set", true},
    {"embeddings.h5", "/train", kFloat32, "Nd", "", "embedding of each pool sample"},
    {"embeddings.h5", "/valid", kFloat32, "Md", "", "embedding of each validation sample"},
    {"items.h5", "/items", kFloat32, "Ih", "", "embedding of each item by the language model"},
    {"gradient_norms.h5", "/gradient_norm", kFloat64, "N", "", "norm of each pool sample's gradient"},
    {"gradient_norms.h5", "/loss", kFloat64, "N", "nat per token", "loss of each pool sample"},
    {"coreset.h5", "/indices", kInt64, "n", "row of the pool", "chosen rows, ascending"},
    {"coreset.h5", "/greedy_indices", kInt64, "g", "row of the pool", "rows chosen greedily, in the order of adding", true},
    {"coreset.h5", "/trace/poo_score", kFloat64, "E", "", "objective after each exchange", true},
    {"coreset.h5", "/trace/seconds", kFloat64, "E", "s", "time of each exchange since the refinement began", true},
    {"coreset.h5", "/trace/removed", kInt64, "E", "row of the pool", "row given up in each exchange", true},
    {"coreset.h5", "/trace/added", kInt64, "E", "row of the pool", "row taken in by each exchange", true},
    {"coreset.h5", "/class/budget", kInt64, "K", "", "rows chosen in each class", true},
    {"coreset.h5", "/class/poo_score", kFloat64, "K", "", "objective of each class", true},
    {"coreset.h5", "/class/lower_bound", kFloat64, "K", "", "certified lower bound of each class's objective", true},
    {"coreset.h5", "/class/gap", kFloat64, "K", "", "relative gap of each class", true},
    {"history.h5", "/train_loss", kFloat64, "S", "nat per token", "loss of each step"},
    {"history.h5", "/learning_rate", kFloat64, "S", "", "learning rate of each step"},
    {"history.h5", "/grad_norm", kFloat64, "S", "", "norm of the gradient before clipping"},
    {"history.h5", "/valid_step", kInt64, "V", "step", "steps after which the validation loss was taken"},
    {"history.h5", "/valid_loss", kFloat64, "V", "nat per token", "validation loss"},
};

std::string shape_text(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

}  // namespace

std::span<const DatasetLayout> dataset_layouts() { return kDatasets; }

void check_layout(const H5File& h5, std::string_view file) {
  std::map<char, std::pair<std::int64_t, std::string_view>> sizes;  // letter -> number, and the dataset that said it first
  for (const DatasetLayout& layout : kDatasets) {
    const std::string name(layout.dataset);
    if (layout.file != file || (layout.optional && !h5.contains(name))) continue;
    const H5Element element = h5.element(name);
    GORACS_CHECK_INPUT(element == layout.element, "{}: dataset {} holds {}, expected {}", h5.path(), name, name_of(element),
                       name_of(layout.element));
    const Shape shape = h5.shape(name);
    GORACS_CHECK_INPUT(shape.size() == layout.shape.size(), "{}: dataset {} has shape {}, expected {} dimensions", h5.path(), name,
                       shape_text(shape), layout.shape.size());
    for (std::size_t k = 0; k < shape.size(); ++k) {
      const auto [known, is_new] = sizes.try_emplace(layout.shape[k], shape[k], layout.dataset);
      GORACS_CHECK_INPUT(known->second.first == shape[k], "{}: dataset {} has shape {}, but {} says {}", h5.path(), name, shape_text(shape),
                         known->second.second, known->second.first);
    }
  }
}

void describe_by_layout(H5File& h5, std::string_view file) {
  for (const DatasetLayout& layout : kDatasets) {
    const std::string name(layout.dataset);
    if (layout.file != file || !h5.contains(name)) continue;
    const auto put = [&](const std::string& attribute, std::string_view text) {
      if (!text.empty() && !h5.has_attribute(attribute, name)) h5.write_attribute(attribute, std::string(text), name);
    };
    put("long_name", layout.long_name);
    put("units", layout.units);
  }
}

bool is_time(std::string_view name) { return name == "seconds" || name.starts_with("seconds_"); }

bool has_time_keys(std::string_view file) { return file == "metrics.json"; }

}  // namespace goracs
