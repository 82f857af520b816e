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

void write(const StageContext& context, const Dataset& dataset, std::int64_t threads) {
  const StageFolder& folder = context.folder();
  H5File samples = folder.create_h5("samples.h5", context.provenance());
  write_samples(samples, dataset);
  samples.write_attribute("bad_lines", dataset.bad_lines);
  samples.close();
  write_alpaca_file(folder.new_file("train.json"), dataset.train, {}, {}, threads);
  write_alpaca_file(folder.new_file("valid.json"), dataset.valid, {}, {}, threads);
  write_alpaca_file(folder.new_file("test.json"), dataset.test, dataset.items, dataset.negatives, threads);
  log_info("prepare: {} train, {} valid, {} test samples, {} items", dataset.train.size(), dataset.valid.size(), dataset.test.size(),
           dataset.items.titles.size());
}

}  // namespace

StageEnd prepare(StageContext& context) {
  // parsing goes through whole files in seconds, on rank 0's threads: the others wait
  bool stopped = false;
  on_root(context.world(), [&] {
    std::optional<Progress> progress;
    DatasetSettings settings = dataset_settings(context.config());
    settings.threads = omp_get_max_threads();
    try {
      write(context, read_dataset(settings, events_of(progress)), settings.threads);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kStopped) throw;
      stopped = true;
    }
  });
  if (context.world().all_reduce<std::int64_t>(stopped ? 1 : 0, ReduceOp::kMax) == 1) return StageEnd::kStopped;
  return context.seal();
}

}  // namespace goracs
