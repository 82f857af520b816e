#include "train/pool_gradient_norms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/batch_rounds.hpp"
#include "model/length_batches.hpp"

namespace goracs {

GradientNormTable::GradientNormTable(std::size_t samples)
    : norm(samples, std::numeric_limits<double>::quiet_NaN()), loss(samples, std::numeric_limits<double>::quiet_NaN()) {}

bool GradientNormTable::has(std::int64_t i) const { return !std::isnan(norm[static_cast<std::size_t>(i)]); }

bool fill_gradient_norms(const Llama& model, const Adapter& adapter, std::span<const TrainingSample> samples,
                         const GradientNormSettings& settings, std::int64_t batch_tokens, GradientNormTable& table, Communicator& world,
                         const std::function<bool(std::int64_t samples_done)>& should_stop) {
  const GradientNorms gradients(model, adapter, settings, shared_tokens(samples, settings.loss));
  std::vector<std::int64_t> lengths;
  for (const TrainingSample& sample : samples) lengths.push_back(static_cast<std::int64_t>(sample.ids.size()));
  auto batches = length_batches(lengths, batch_tokens);
  std::erase_if(batches, [&](const auto& batch) { return table.has(batch.front()); });
  std::int64_t left = 0;
  std::vector<std::int64_t> done_after;  // samples done after each batch
  for (const auto& batch : batches) left += static_cast<std::int64_t>(batch.size());
  std::int64_t done = static_cast<std::int64_t>(samples.size()) - left;
  for (const auto& batch : batches) done_after.push_back(done += static_cast<std::int64_t>(batch.size()));

  BatchWork work;
  work.result = "the gradient norm of sample";
  work.width = 2;
  work.compute = [&](const std::vector<std::int64_t>& batch) {
    std::vector<const TrainingSample*> chosen;
    for (const std::int64_t i : batch) chosen.push_back(&samples[static_cast<std::size_t>(i)]);
    const SampleGradients computed = gradients.of(chosen, batch);
    const at::Tensor norm = computed.norm().to(at::kCPU);
    Matrix<double> rows(static_cast<std::int64_t>(batch.size()), work.width);
    for (std::int64_t k = 0; k < rows.rows(); ++k) {
      rows(k, 0) = norm[k].item<double>();
      rows(k, 1) = computed.loss[k].item<double>();
    }
    return rows;
  };
  work.meet = [&] { model.meet_others(); };
  work.store = [&](std::int64_t i, std::span<const double> row) {
    table.norm[static_cast<std::size_t>(i)] = row[0];
    table.loss[static_cast<std::size_t>(i)] = row[1];
  };
  if (should_stop)
    work.should_stop = [&](std::int64_t batches_done) { return should_stop(done_after[static_cast<std::size_t>(batches_done - 1)]); };
  return in_rounds(batches, work, world);
}

double correlation(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace goracs
