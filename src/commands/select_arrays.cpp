#include "commands/select_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include "artifact/commit.hpp"
#include "artifact/provenance.hpp"
#include "base/log.hpp"
#include "base/progress.hpp"
#include "base/standing.hpp"
#include "comm/agreement.hpp"
#include "commands/array_source.hpp"
#include "itra/selection.hpp"
#include "kernels/gpu.hpp"
#include "stages/coreset_file.hpp"

namespace goracs {
namespace {

/// The opened arrays, which the selection reads from while it computes costs.
struct OpenArrays {
  std::unique_ptr<ArraySource> train, valid;
  itra::SelectionInput selection;
};

itra::ReadRows rows_of(const ArraySource& array) {
  return [&array](std::int64_t first, MatrixView<float> rows) { array.read_rows(first, rows); };
}

/// Labels as numbers 0 .. K-1 in ascending order of the labels; every class of the validation set has its name.
void number_classes(const std::vector<std::int64_t>& train, const std::vector<std::int64_t>& valid, itra::SelectionInput& into) {
  std::vector<std::int64_t> classes(train);
  classes.insert(classes.end(), valid.begin(), valid.end());
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  const auto number = [&](std::int64_t label) {
    return static_cast<std::int32_t>(std::lower_bound(classes.begin(), classes.end(), label) - classes.begin());
  };
  std::transform(train.begin(), train.end(), std::back_inserter(into.train_label), number);
  std::transform(valid.begin(), valid.end(), std::back_inserter(into.valid_label), number);
  for (const std::int64_t label : classes) into.class_names.push_back(std::to_string(label));
}

void read_labels(const SelectionArrays& arrays, itra::SelectionInput& into) {
  const std::vector<std::int64_t> train = ArraySource(arrays.train_labels).whole_numbers();
  const std::vector<std::int64_t> valid = ArraySource(arrays.valid_labels).whole_numbers();
  const auto check = [](const std::string& labels, std::size_t count, const std::string& table, std::int64_t rows) {
    GORACS_CHECK_INPUT(static_cast<std::int64_t>(count) == rows, "{}: {} labels, but {} has {} rows", labels, count, table, rows);
  };
  check(arrays.train_labels, train.size(), arrays.train_embeddings, into.num_train);
  check(arrays.valid_labels, valid.size(), arrays.valid_embeddings, into.num_valid);
  number_classes(train, valid, into);
}

void check_given(const SelectionArrays& arrays, const SelectConfig& config) {
  const auto check = [](const char* flag, bool given, const char* why) {
    GORACS_CHECK_USAGE(given, "goracs select: {} is needed{}", flag, why);
  };
  check("--train-embeddings", !arrays.train_embeddings.empty(), "");
  check("--valid-embeddings", !arrays.valid_embeddings.empty(), "");
  check("--gradient-norms", !arrays.gradient_norms.empty() || config.lambda == 0, " (unless --lambda 0)");
  check("--out", !arrays.out.empty(), "");
  check("--train-labels", arrays.valid_labels.empty() || !arrays.train_labels.empty(), " with --valid-labels");
  check("--valid-labels", arrays.train_labels.empty() || !arrays.valid_labels.empty(), " with --train-labels");
  const std::filesystem::path folder = std::filesystem::absolute(arrays.out).parent_path();
  GORACS_CHECK_USAGE(std::filesystem::is_directory(folder), "--out {}: there is no folder {}", arrays.out, folder.string());
}

OpenArrays open_arrays(const SelectionArrays& arrays, const SelectConfig& config) {
  check_given(arrays, config);
  OpenArrays open;
  open.train = std::make_unique<ArraySource>(arrays.train_embeddings);
  open.valid = std::make_unique<ArraySource>(arrays.valid_embeddings);
  itra::SelectionInput& input = open.selection;
  input.num_train = open.train->rows_of(2);
  input.num_valid = open.valid->rows_of(2);
  input.dimension = open.train->shape()[1];
  GORACS_CHECK_INPUT(open.valid->shape()[1] == input.dimension, "{}: {} columns, but {} has {}", open.valid->name(), open.valid->shape()[1],
                     open.train->name(), input.dimension);
  input.train = rows_of(*open.train);
  input.valid = rows_of(*open.valid);
  input.name = input.train_name = open.train->name();
  input.valid_name = open.valid->name();
  input.place = cuda::in_use() ? itra::Place::kGpu : itra::Place::kHost;
  input.gradient_norm_name = arrays.gradient_norms;
  if (arrays.gradient_norms.empty())
    input.gradient_norm.assign(static_cast<std::size_t>(input.num_train), 0.0);
  else
    input.gradient_norm = ArraySource(arrays.gradient_norms).values();
  GORACS_CHECK_INPUT(static_cast<std::int64_t>(input.gradient_norm.size()) == input.num_train, "{}: {} gradient norms, but {} has {} rows",
                     arrays.gradient_norms, input.gradient_norm.size(), open.train->name(), input.num_train);
  if (!arrays.train_labels.empty()) read_labels(arrays, input);
  return open;
}

/// Shows how far the phases are; a stop that is asked for ends the selection where it stands.
itra::SelectionEvents followed(Communicator& world) {
  struct Phase {
    std::string name;
    std::optional<Progress> progress;
  };
  const auto current = std::make_shared<Phase>();
  itra::SelectionEvents events;
  events.step = [current, &world](const std::string& phase, std::int64_t done, std::int64_t total, double poo_score) {
    if (current->name != phase) {
      current->progress.emplace(phase, "steps", total);
      current->name = phase;
    }
    stand_at(fmt::format("select, {} {}{}", phase, done, total > 0 ? fmt::format(" of {}", total) : ""));
    current->progress->at(done, poo_score > 0 ? fmt::format("POO {:.6f}", poo_score) : "");
    return stop_agreed(world).has_value();
  };
  return events;
}

Provenance provenance_of(const LoadedConfig& config, const std::string& command, const Communicator& world) {
  Provenance provenance;
  provenance.command = command;
  provenance.config_yaml = resolved_yaml(config);
  provenance.config_sha256 = config_sha256(config.values);
  provenance.seed = config.values.seed;
  provenance.world_size = world.size();
  return provenance;
}

void write_coreset(const std::filesystem::path& name, const itra::Selection& chosen, const std::vector<std::string>& class_names,
                   const Provenance& provenance) {
  const std::filesystem::path out = std::filesystem::absolute(name), temporary = temporary_beside(out);
  H5File file = H5File::create(temporary);
  write_provenance(file, Stage::kSelect, provenance, {});
  write_selection(file, chosen, class_names);
  file.close();
  publish(temporary, out);
  sync_folder(out.parent_path());
}

}  // namespace

void select_arrays(const SelectionArrays& arrays, const LoadedConfig& config, const std::string& command, Communicator& world) {
  const Config& values = config.values;
  OpenArrays open;
  together(world, [&] { open = open_arrays(arrays, values.select); });
  SelectConfig settings = values.select;
  settings.label_enhanced = !open.selection.class_names.empty();
  Progress::each_second([&world] { world.still_working(); });

  stand_at("select, costs");
  const itra::Selection chosen = itra::select(open.selection, settings, static_cast<std::uint64_t>(values.seed), world, followed(world));

  on_root(world, [&] {
    const auto found = static_cast<std::int64_t>(chosen.indices.size());
    GORACS_CHECK_AS(ExitCode::kStopped, found == settings.budget, "stopped before there was a coreset: nothing is written");
    write_coreset(arrays.out, chosen, open.selection.class_names, provenance_of(config, command, world));
  });
  if (chosen.stop_reason == "stopped") log_warning("stopped on request: this is the best coreset so far");
  log_info("{}: {} of {} rows, POO {:.6f} (greedy {:.6f}), lower bound {:.6f}, gap {:.2f} %: {} after {} exchanges", arrays.out,
           chosen.indices.size(), open.selection.num_train, chosen.poo_score, chosen.greedy_poo_score, chosen.lower_bound, 100 * chosen.gap,
           chosen.stop_reason, chosen.trace.size());
}

}  // namespace goracs
