#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "data/alpaca_file.hpp"
#include "data/samples_file.hpp"
#include "itra/selection.hpp"
#include "kernels/gpu.hpp"
#include "stages/class_shares.hpp"
#include "stages/coreset_file.hpp"
#include "stages/norm_correlations.hpp"
#include "stages/selection_state.hpp"
#include "stages/stage_identity.hpp"
#include "stages/stages.hpp"

namespace goracs {
namespace {

/// What is chosen from, with the files that its rows are read from while costs are computed.
struct SelectInput {
  std::unique_ptr<H5File> embeddings;
  SampleTable train;
  NormCorrelations correlations;
  itra::SelectionInput selection;
};

itra::ReadRows rows_of(const H5File& file, const char* dataset) {
  return [&file, dataset](std::int64_t first, MatrixView<float> rows) { file.read_rows(dataset, first, rows); };
}

/// Points of a sweep that choose from the same embeddings share their distances.
std::optional<itra::DistancePlace> shared_distances(const StageContext& context) {
  const SweepConfig& sweep = context.config().sweep;
  const std::size_t points = std::max<std::size_t>(sweep.method.size(), 1) * std::max<std::size_t>(sweep.lambda.size(), 1) *
                             std::max<std::size_t>(sweep.budget.size(), 1);
  if (points == 1) return std::nullopt;
  return itra::DistancePlace{context.config().work_dir / "distances", context.input(Stage::kEmbed).content_sha256()};
}

SelectInput read_select_input(const StageContext& context) {
  SelectInput input;
  const Config& config = context.config();
  const Provenance encoder = provenance_of(Stage::kEmbed, config, context.provenance(), context.world());
  together(context.world(), [&] {
    const H5File samples = context.open_input(Stage::kPrepare, "samples.h5");
    const H5File norms = context.open_input(Stage::kGrads, "gradient_norms.h5");
    input.embeddings = std::make_unique<H5File>(context.open_input(Stage::kEmbed, "embeddings.h5", encoder));
    input.train = read_samples(samples, "train");
    input.correlations = NormCorrelations::read(norms);

    itra::SelectionInput& from = input.selection;
    const Shape train = input.embeddings->shape("/train"), valid = input.embeddings->shape("/valid");
    from.num_train = train.at(0);
    from.num_valid = valid.at(0);
    from.dimension = train.at(1);
    from.train = rows_of(*input.embeddings, "/train");
    from.valid = rows_of(*input.embeddings, "/valid");
    from.distances = shared_distances(context);
    from.place = cuda::in_use() ? itra::Place::kGpu : itra::Place::kHost;
    from.gradient_norm = norms.read<double>("/gradient_norm", {from.num_train});
    from.name = from.train_name = input.embeddings->path() + ":/train";
    from.valid_name = input.embeddings->path() + ":/valid";
    from.gradient_norm_name = norms.path() + ":/gradient_norm";
    if (!config.is_ctrpre()) return;
    from.class_names = read_classes(samples);
    from.train_label = input.train.label;
    from.valid_label = samples.read<std::int32_t>("/valid/label", {from.num_valid});
  });
  return input;
}

SampleTable rows_of(const SampleTable& table, const std::vector<std::int64_t>& indices) {
  SampleTable chosen;
  for (const std::int64_t i : indices) {
    const auto k = static_cast<std::size_t>(i);
    chosen.add(table.user[k], table.instruction[k], table.input[k], table.output[k], table.label[k]);
  }
  return chosen;
}

void report(const itra::Selection& chosen, const Config& config) {
  const std::string greedy = std::isnan(chosen.greedy_poo_score) ? "" : fmt::format(" (greedy {:.6f})", chosen.greedy_poo_score);
  log_info("select: {}, {} rows, POO {:.6f}{}, lower bound {:.6f}, gap {:.2f} %; ended by {} after {} exchanges", config.select.method,
           chosen.indices.size(), chosen.poo_score, greedy, chosen.lower_bound, 100 * chosen.gap, chosen.stop_reason, chosen.trace.size());
}

}  // namespace

StageEnd select(StageContext& context) {
  const Config& config = context.config();
  const SelectInput input = read_select_input(context);

  SelectionSteps steps(context);
  const itra::Selection chosen =
      itra::select(input.selection, config.select, static_cast<std::uint64_t>(config.seed), context.world(), steps.events());
  if (steps.stopped()) return StageEnd::kStopped;

  report(chosen, config);
  const ClassShares shares =
      ClassShares::of(input.selection.class_names, chosen.indices, input.selection.train_label, input.selection.valid_label);
  shares.report();
  if (config.select.lambda > 0 && input.correlations.followed_class() >= 0)
    log_warning("select: the gradient norm follows the label: lambda {} chooses by class", config.select.lambda);

  on_root(context.world(), [&] {
    H5File file = context.folder().create_h5("coreset.h5", context.provenance());
    write_selection(file, chosen, config.select.label_enhanced ? input.selection.class_names : std::vector<std::string>{});
    shares.write(file);
    file.close();
    write_alpaca_file(context.folder().new_file("coreset.json"), rows_of(input.train, chosen.indices));
  });
  return context.seal();
}

}  // namespace goracs
