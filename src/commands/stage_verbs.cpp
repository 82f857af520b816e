#include "commands/stage_verbs.hpp"

#include <fmt/format.h>

#include <memory>

#include "comm/agreement.hpp"
#include "commands/report.hpp"
#include "commands/run.hpp"

namespace goracs {
namespace {

std::string about(Stage stage) {
  switch (stage) {
    case Stage::kPrepare: return "read the data set, write samples and splits (samples.h5)";
    case Stage::kEmbed: return "embed pool and validation set (embeddings.h5), for seqrec the items too";
    case Stage::kGrads: return "gradient norm of every pool sample (gradient_norms.h5)";
    case Stage::kSelect: return "choose the coreset (coreset.h5), from a config or from arrays of your own";
    case Stage::kFinetune: return "tune a LoRA adapter on the coreset (adapter/)";
    case Stage::kEvaluate: return "metrics on the test split (metrics.json)";
  }
  return "";
}

/// How each metric is defined and how ties are broken (SPEC 8).
constexpr const char* kMetrics = R"(Metrics (each is printed with its standard error, <name>_se)
  HR@K     share of test samples whose target has rank < K among itself and 99 negatives. rank = number of those items strictly
           nearer (L2) to the embedding of the generated title; a tie counts for the target; a title with several ids: the target takes
           its nearest, every id of the others counts.
  NDCG@K   mean of ln 2 / ln(rank + 2) where rank < K, else 0.
  popularity   the same with items ordered by their count in the pool; a tie counts as every order of the tied items, averaged.
  AUC      share of (liked, not liked) pairs with the liked one's p(Yes) higher; a tie counts one half. Standard error: DeLong.
           More than two classes: the mean over the classes of each against the rest.
  logloss  mean of -ln p(true class), p clipped to [2^-52, 1 - 2^-52].
  accuracy (more than two classes) share of samples whose likeliest class is the true one; a tie goes to the first class.
)";

}  // namespace

Verb stage_verb(Stage stage) {
  const auto with_inputs = std::make_shared<bool>(false);
  Verb verb;
  verb.name = name_of(stage);
  verb.summary = about(stage);
  verb.options = [with_inputs](Flags& declared) { declared.yes("--with-inputs", *with_inputs, "compute missing earlier stages too"); };
  verb.notes = [stage] {
    return (stage == Stage::kEvaluate ? kMetrics : std::string()) + "Config keys that can change the result\n" + parameter_reference(stage);
  };
  verb.on_ranks = [] { return true; };
  verb.run = [stage, with_inputs](const CommonOptions& options, World& world) {
    const RunRequest request{load_config(options, world.communicator()), options.command, *with_inputs};
    begin_work(request.config.values.run, world);
    return run_stage(stage, request, world.communicator());
  };
  return verb;
}

ExitCode run_and_report(const LoadedConfig& config, const std::string& command, Communicator& world) {
  const ExitCode code = run_all({config, command, /*with_inputs=*/true}, world);
  if (code == ExitCode::kDone) on_root(world, [&] { write_report(config.values.work_dir / "runs" / config.values.run.name); });
  return code;
}

Verb run_verb() {
  Verb verb;
  verb.name = "run";
  verb.summary = "all stages that the task needs, then the summary; finished stages are found again";
  verb.notes = [] { return "Config keys\n" + parameter_reference(); };
  verb.on_ranks = [] { return true; };
  verb.run = [](const CommonOptions& options, World& world) {
    const LoadedConfig config = load_config(options, world.communicator());
    begin_work(config.values.run, world);
    return run_and_report(config, options.command, world.communicator());
  };
  return verb;
}

}  // namespace goracs
