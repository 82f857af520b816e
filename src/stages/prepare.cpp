#include <omp.h>

#include "base/log.hpp"
#include "base/progress.hpp"
#include "base/stop_request.hpp"
#include "comm/agreement.hpp"
#include "data/alpaca_file.hpp"
#include "data/dataset.hpp"
#include "data/samples_file.hpp"
#include "stages/stages.hpp"

namespace goracs {
namespace {

DataFormat format_named(const std::string& name) {
  if (name == "amazon_games") return DataFormat::kAmazonGames;
  if (name == "amazon_movies") return DataFormat::kAmazonMovies;
  if (name == "amazon_food") return DataFormat::kAmazonFood;
  return name == "recbole" ? DataFormat::kRecbole : DataFormat::kAlpaca;
}

Domain domain_named(const std::string& name, DataFormat format) {
  if (name == "games") return Domain::kGames;
  if (name == "movies") return Domain::kMovies;
  return name == "food" ? Domain::kFood : domain_of(format);
}

DatasetSettings settings_of(const Config& config) {
  DatasetSettings settings;
  const DataConfig& data = config.data;
  settings.task = config.is_ctrpre() ? Task::kCtrPre : Task::kSeqRec;
  settings.format = format_named(data.format);
  settings.domain = domain_named(config.prompt.domain, settings.format);
  settings.reviews = data.reviews;
  settings.metadata = data.metadata;
  settings.items = data.items;
  settings.train = data.train;
  settings.valid = data.valid;
  settings.test = data.test;
  settings.valid_size = data.valid_size;
  settings.test_size = data.test_size;
  settings.classes = data.classes;
  settings.title_column = data.title_column;
  settings.skip_bad_lines = data.skip_bad_lines;
  settings.max_train = data.max_train;
  settings.max_valid = data.max_valid;
  settings.max_test = data.max_test;
  settings.title_rule = data.title_rule == "reference" ? TitleRule::kReference : TitleRule::kParsed;
  settings.seed = static_cast<std::uint64_t>(data.seed);
  settings.threads = omp_get_max_threads();
  return settings;
}

/// Shows how far a file is read. A stop ends the reading by an error of its own: it takes seconds and has nothing to save.
ReadEvents events_of(std::optional<Progress>& progress) {
  ReadEvents events;
  events.progress = [&progress, file = std::filesystem::path()](const std::filesystem::path& path, std::int64_t done,
                                                                std::int64_t total) mutable {
    if (path != file) progress.emplace("prepare " + path.filename().string(), "bytes", total);
    file = path;
    progress->at(done);
    if (const auto reason = StopRequest::reason()) fail(ExitCode::kStopped, "prepare: {}", *reason);
  };
  events.warn = [](const std::string& line) { log_warning("{}", line); };
  return events;
}

void write(const StageContext& context, const Dataset& dataset) {
  const StageFolder& folder = context.folder();
  H5File samples = folder.create_h5("samples.h5", context.provenance());
  write_samples(samples, dataset);
  samples.write_attribute("bad_lines", dataset.bad_lines);
  samples.close();
  write_alpaca_file(folder.new_file("train.json"), dataset.train);
  write_alpaca_file(folder.new_file("valid.json"), dataset.valid);
  write_alpaca_file(folder.new_file("test.json"), dataset.test, dataset.items, dataset.negatives);
  log_info("prepare: {} train, {} valid, {} test samples, {} items", dataset.train.size(), dataset.valid.size(), dataset.test.size(),
           dataset.items.titles.size());
}

}  // namespace

StageEnd prepare(StageContext& context) {
  // parsing goes through whole files in seconds, on rank 0's threads: the others wait
  bool stopped = false;
  on_root(context.world(), [&] {
    std::optional<Progress> progress;
    try {
      write(context, read_dataset(settings_of(context.config()), events_of(progress)));
    } catch (const Error& error) {
      if (error.code() != ExitCode::kStopped) throw;
      stopped = true;
    }
  });
  if (context.world().all_reduce<std::int64_t>(stopped ? 1 : 0, ReduceOp::kMax) == 1) return StageEnd::kStopped;
  return context.seal();
}

}  // namespace goracs
