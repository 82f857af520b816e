#include "base/config_fields.hpp"

namespace goracs {
namespace {

constexpr StageSet kNothing{};
constexpr StageSet kAll{Stage::kPrepare, Stage::kEmbed, Stage::kGrads, Stage::kSelect, Stage::kFinetune, Stage::kEvaluate};
constexpr StageSet kPrepare{Stage::kPrepare};
constexpr StageSet kEmbed{Stage::kEmbed};
constexpr StageSet kGrads{Stage::kGrads};
constexpr StageSet kSelect{Stage::kSelect};
constexpr StageSet kFinetune{Stage::kFinetune};
constexpr StageSet kEvaluate{Stage::kEvaluate};
constexpr StageSet kSelectAndFinetune{Stage::kSelect, Stage::kFinetune};
constexpr StageSet kTokens{Stage::kGrads, Stage::kFinetune, Stage::kEvaluate};
constexpr StageSet kPrompts{Stage::kEmbed, Stage::kGrads, Stage::kFinetune, Stage::kEvaluate};
constexpr StageSet kAdapters{Stage::kGrads, Stage::kFinetune};

template <class Field>
void fields(RunConfig& c, Field&& field) {
  field(c.name, "name", "auto", anything(), kNothing,
        "folder below work_dir/runs; auto: <data.name>-<task>-<10 digits of the config's hash>");
  field(c.device, "device", "auto", one_of({"cpu", "cuda", "auto"}), kNothing,
        "where kernels and models run; auto: a GPU where there is one");
  field(c.threads, "threads", "auto", at_least(1), kNothing,
        "per rank; auto: CPUs of the rank's affinity mask, shared with the ranks that have the same");
  field(c.deadline_seconds, "deadline_seconds", 60, more_than(0), kNothing, "longest wait for a peer before the job is ended (s)");
  field(c.stop_signal, "stop_signal", "USR2", one_of({"USR1", "USR2", "none"}), kNothing, "signal that asks for a clean stop (exit 75)");
  field(c.walltime, "walltime", "auto", one_of_or_time({"auto", "none"}), kNothing,
        "time limit of the job, seconds or HH:MM:SS; auto: what the launcher tells");
  field(c.checkpoint_seconds, "checkpoint_seconds", 600, at_least(0), kNothing, "how often long stages save (s)");
}

template <class Field>
void fields(DataConfig& c, Field&& field) {
  field(c.name, "name", must_be_given(), anything(), kNothing, "name of the data set, for folders and titles");
  field(c.format, "format", must_be_given(), one_of({"amazon_games", "amazon_movies", "amazon_food", "recbole", "alpaca"}), kPrepare,
        "form of the files (SPEC 1)");
  field(c.reviews, "reviews", not_set(), anything(), kPrepare, "raw reviews; recbole: .inter");
  field(c.metadata, "metadata", not_set(), anything(), kPrepare, "raw metadata; recbole: .item");
  field(c.items, "items", not_set(), anything(), kPrepare, "item list (title, tab, id a line) where one ships");
  field(c.train, "train", not_set(), anything(), kPrepare, "format alpaca: training pool (JSON)");
  field(c.valid, "valid", not_set(), anything(), kPrepare, "format alpaca: validation set (JSON)");
  field(c.test, "test", not_set(), anything(), kPrepare, "format alpaca: test set (JSON)");
  field(c.valid_size, "valid_size", "auto", more_than(0), kPrepare,
        "validation samples: a count, or a share when below 1; auto: by format");
  field(c.test_size, "test_size", "auto", more_than(0), kPrepare, "test samples: a count, or a share when below 1; auto: by format");
  field(c.classes, "classes", "auto", anything(), kPrepare, "class names in order; auto: Yes, No for those two, else sorted");
  field(c.title_column, "title_column", "movie_title", anything(), kPrepare, "recbole: column of .item with the title");
  field(c.skip_bad_lines, "skip_bad_lines", 0, at_least(0), kPrepare, "how many broken lines are left out before it is an error");
  field(c.max_train, "max_train", 0, at_least(0), kPrepare, "pool rows kept, the first so many of a seeded shuffle; 0: all");
  field(c.max_valid, "max_valid", 0, at_least(0), kPrepare, "validation rows kept; 0: all");
  field(c.max_test, "max_test", 0, at_least(0), kPrepare, "test rows kept; 0: all");
  field(c.title_rule, "title_rule", "parsed", one_of({"parsed", "reference"}), kPrepare,
        "titles properly parsed, or as the authors' text matching finds them");
  field(c.seed, "seed", 0, at_least(0), kPrepare, "seed of the subsets (max_train, max_valid, max_test)");
}

template <class Field>
void fields(PromptConfig& c, Field&& field) {
  field(c.template_name, "template", "alpaca", one_of_or_path({"alpaca", "alpaca_space"}), kPrompts,
        "prompt template: a name, or a file with {instruction}, {input}, {output}");
  field(c.domain, "domain", "auto", one_of({"games", "movies", "food", "auto"}), kPrepare,
        "whose words the instruction uses; auto: by format");
  field(c.cutoff_len, "cutoff_len", 512, at_least(8), kTokens, "longest sample (tokens)");
  field(c.truncate, "truncate", "history", one_of({"history", "reference"}), kTokens,
        "samples too long: drop the oldest titles, or cut the tokens");
}

template <class Field>
void fields(EncoderKeys& c, Field&& field) {
  field(c.path, "path", must_be_given(), anything(), kEmbed, "sentence encoder, a Hugging Face folder (BERT or RoBERTa)");
  field(c.max_length, "max_length", 512, at_least(1), kEmbed, "longest text (tokens)");
  field(c.batch_tokens, "batch_tokens", "auto", at_least(1), kEmbed, "tokens of a batch, padding included");
}

template <class Field>
void fields(ModelKeys& c, Field&& field) {
  field(c.path, "path", must_be_given(), anything(), kPrompts, "language model, a Hugging Face folder (LLaMA)");
  field(c.dtype, "dtype", "auto", one_of({"float32", "bfloat16", "auto"}), kPrompts,
        "type of weights and activations; auto: bfloat16 where the processor multiplies it");
  field(c.adapter, "adapter", not_set(), anything(), kTokens, "starting LoRA adapter, a PEFT folder");
  field(c.shard, "shard", false, anything(), kNothing, "layers' frozen weights in slices over the ranks, each gathered for its use");
}

template <class Field>
void fields(GradsConfig& c, Field&& field) {
  field(c.train_on_inputs, "train_on_inputs", by_task(true, false), anything(), kGrads, "label the prompt's tokens too");
  field(c.dropout, "dropout", 0.0, between(0, 0.99), kGrads, "LoRA dropout while gradient norms are taken");
  field(c.label_first, "label_first", false, anything(), kGrads, "label the first real token, as the reference does");
  field(c.batch_tokens, "batch_tokens", "auto", at_least(1), kGrads, "tokens of a batch, padding included");
  field(c.seed, "seed", 0, at_least(0), kAdapters, "seed of the LoRA start where no adapter is given, and of grads.dropout");
}

template <class Field>
void fields(SelectConfig& c, Field&& field) {
  field(c.method, "method", "itra", one_of({"itra", "relaxed", "greedy", "random", "grad_norm", "k_center", "facility_location", "ccs"}),
        kSelect, "how the coreset is chosen: itra is the paper's, relaxed ours, the others baselines");
  field(c.budget, "budget", by_task(1024, 64), at_least(1), kSelect, "rows in the coreset (n)");
  field(c.lambda, "lambda", by_task(0.1, 0.5), at_least(0), kSelect, "weight of the gradient norm (SPEC 5)");
  field(c.max_exchanges, "max_exchanges", by_task(100, 20), at_least(0), kSelect, "most accepted exchanges (relaxed: 1000 unless given)");
  field(c.exchange_candidates, "exchange_candidates", by_task(30, 3), at_least(1), kSelect, "candidates per side of an exchange (k)");
  field(c.time_limit, "time_limit", 0.0, at_least(0), kSelect, "end the exchanges after so long (s); 0: none");
  field(c.gap, "gap", 0.0, at_least(0), kSelect, "end once the certified gap is this small; 0: never");
  field(c.distance_scale, "distance_scale", "max", one_of({"max", "none"}), kSelect, "divide distances by the largest (SPEC 5)");
  field(c.order_statistic, "order_statistic", "smallest", one_of({"smallest", "reference"}), kSelect,
        "which one the pruning score takes (SPEC 6)");
  field(c.inner_potential, "inner_potential", "exclude_self", one_of({"exclude_self", "reference"}), kSelect,
        "column potentials of a coreset row (SPEC 6)");
  field(c.pair_order, "pair_order", "best_first", one_of({"best_first", "reference"}), kSelect, "order in which pairs are tried (SPEC 6)");
  field(c.label_enhanced, "label_enhanced", by_task(false, true), anything_or_auto(), kSelect,
        "select inside each class; auto: on for ctrpre");
}

template <class Field>
void fields(LoraConfig& c, Field&& field) {
  field(c.r, "r", 8, at_least(1), kAdapters, "rank of the adapter");
  field(c.alpha, "alpha", 16.0, more_than(0), kAdapters, "scale: alpha / r");
  field(c.dropout, "dropout", 0.05, between(0, 0.99), kFinetune, "dropout of the adapter's input");
  field(c.target_modules, "target_modules", "[q_proj, v_proj]", anything(), kAdapters, "projections that get an adapter");
}

template <class Field>
void fields(FinetuneConfig& c, Field&& field) {
  field(c.epochs, "epochs", by_task(50, 200), at_least(1), kFinetune, "passes over the coreset");
  field(c.learning_rate, "learning_rate", by_task("1.0e-4", "1.0e-5"), more_than(0), kFinetune,
        "peak learning rate (seqrec on amazon_movies: 3e-4 unless given)");
  field(c.batch_size, "batch_size", 128, at_least(1), kFinetune, "samples of an optimizer step, whatever the ranks");
  field(c.micro_batch_size, "micro_batch_size", 16, at_least(1), kFinetune, "samples of one forward and backward pass; divides batch_size");
  field(c.warmup_steps, "warmup_steps", 20, at_least(0), kFinetune, "steps until the peak learning rate");
  field(c.weight_decay, "weight_decay", 0.0, at_least(0), kFinetune, "of AdamW");
  field(c.max_grad_norm, "max_grad_norm", 1.0, more_than(0), kFinetune, "gradients are clipped to this norm");
  field(c.eval_steps, "eval_steps", by_task(400, 10), at_least(1), kFinetune,
        "steps between validations (ctrpre with a budget above 128: 20 unless given)");
  field(c.patience, "patience", 5, at_least(0), kFinetune, "validations without improvement before it stops; 0: never");
  field(c.group_by_length, "group_by_length", true, anything(), kFinetune, "samples of similar length in one batch");
  field(c.label_first, "label_first", false, anything(), kFinetune, "label the first real token, as the reference does");
  field(c.checkpoint_layers, "checkpoint_layers", "auto", one_of({"always", "never", "auto"}), kNothing,
        "keep only each layer's input for the backward pass and compute the layer again; auto: where memory is short; always with "
        "model.shard");
  field(c.keep, "keep", 2, at_least(2), kNothing, "states kept for going on after a stop");
}

template <class Field>
void fields(EvaluateConfig& c, Field&& field) {
  field(c.num_beams, "num_beams", 2, at_least(1), kEvaluate, "beams of the search (seqrec)");
  field(c.max_new_tokens, "max_new_tokens", 128, at_least(1), kEvaluate, "longest answer (tokens)");
  field(c.length_norm, "length_norm", "new_tokens", one_of({"new_tokens", "reference"}), kEvaluate,
        "length that beam scores are divided by");
  field(c.batch_tokens, "batch_tokens", "auto", at_least(1), kEvaluate, "tokens of a batch, padding included");
  field(c.top_k, "top_k", "[5, 10]", at_least(1), kEvaluate, "K of HR@K and NDCG@K");
  field(c.adapter, "adapter", "tuned", one_of_or_path({"tuned", "start", "none"}), kEvaluate,
        "adapter to evaluate: tuned, start (model.adapter), none (the base model), or a PEFT folder");
}

template <class Field>
void fields(SweepConfig& c, Field&& field) {
  field(c.method, "method", "[]", one_of({"itra", "relaxed", "greedy", "random", "grad_norm", "k_center", "facility_location", "ccs"}),
        kNothing, "methods to try; none: select.method");
  field(c.lambda, "lambda", "[]", at_least(0), kNothing, "lambdas to try; none: select.lambda");
  field(c.budget, "budget", "[]", at_least(1), kNothing, "budgets to try; none: select.budget");
  field(c.seed, "seed", "[]", at_least(0), kNothing, "seeds to try; none: seed");
}

/// Collects the parameters of one section under its name.
struct Collect {
  std::vector<Parameter>& all;
  std::string section;

  template <class T>
  void operator()(T& value, const char* name, Default initial, Range range, StageSet stages, const char* meaning) const {
    all.push_back({section + name, &value, std::move(initial), std::move(range), stages, meaning});
  }
};

}  // namespace

std::vector<Parameter> parameters_of(Config& config) {
  std::vector<Parameter> all;
  const Collect root{all, ""};
  root(config.task, "task", must_be_given(), one_of({"seqrec", "ctrpre"}), kAll,
       "seqrec: generate the next title; ctrpre: will the user like it");
  root(config.seed, "seed", 0, at_least(0), kSelectAndFinetune, "seed of finetuning and of random selection");
  root(config.work_dir, "work_dir", "work", anything(), kNothing, "root of all stage folders");
  fields(config.run, Collect{all, "run."});
  fields(config.data, Collect{all, "data."});
  fields(config.prompt, Collect{all, "prompt."});
  fields(config.encoder, Collect{all, "encoder."});
  fields(config.model, Collect{all, "model."});
  fields(config.grads, Collect{all, "grads."});
  fields(config.select, Collect{all, "select."});
  fields(config.lora, Collect{all, "lora."});
  fields(config.finetune, Collect{all, "finetune."});
  fields(config.evaluate, Collect{all, "evaluate."});
  fields(config.sweep, Collect{all, "sweep."});
  return all;
}

}  // namespace goracs
