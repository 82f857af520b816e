#include "itra/cost_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "comm/agreement.hpp"
#include "itra/embedding_rows.hpp"
#include "kernels/normalise_cost.hpp"

namespace goracs::itra {
namespace {

/// Of 4 N M bytes, so much may be held of the validation rows and of the pool's, over all ranks; and so much however small the matrix is.
constexpr std::int64_t kMatrixPerBlock = 20;
constexpr std::int64_t kLeastBlockBytes = std::int64_t{8} << 20;
/// More of the pool's rows at once make nothing faster.
constexpr std::int64_t kMostTrainBytes = std::int64_t{8} << 20;

/// Rows of a file of distances that are on their way to a GPU at once.
constexpr std::int64_t kRowsOfFile = 256;

struct Blocks {
  std::int64_t train_rows, valid_rows;
};

Blocks blocks_of(const ClassRows& rows, std::int64_t dimension, int ranks) {
  const auto row_bytes = dimension * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t matrix_bytes = rows.num_train() * rows.num_valid() * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t bytes = (matrix_bytes / kMatrixPerBlock + kLeastBlockBytes) / ranks;
  return {std::clamp(std::min(bytes, kMostTrainBytes) / row_bytes, std::int64_t{1}, rows.num_train()),
          std::clamp(bytes / row_bytes, std::int64_t{1}, rows.num_valid())};
}

/// Distances of this rank's rows to all validation rows, in place of `values`; false when `step` stopped it.
bool distances(const SelectionInput& input, const ClassRows& rows, RowBlock own, MatrixView<float> values, const RowKernels& kernels,
               Communicator& world, const CostMatrix::Step& step) {
  const Blocks blocks = blocks_of(rows, input.dimension, world.size());
  const auto own_rows = std::span(rows.train).subspan(static_cast<std::size_t>(own.begin), static_cast<std::size_t>(own.size()));
  const EmbeddingRows train(input.train, own_rows, input.dimension, train_name(input));
  const EmbeddingRows valid(input.valid, rows.valid, input.dimension, valid_name(input));
  Matrix<float> train_block(blocks.train_rows, input.dimension), valid_block(blocks.valid_rows, input.dimension);

  const std::int64_t longest = RowBlock::of(rows.num_train(), 0, world.size()).size();  // rank 0 has no fewer rows than any other
  const std::int64_t total = valid.size() * longest;
  for (std::int64_t j = 0; j < valid.size(); j += blocks.valid_rows) {
    const MatrixView<float> columns = valid_block.view().rows_from(0, std::min(blocks.valid_rows, valid.size() - j));
    together(world, [&] { valid.read(j, columns); });
    for (std::int64_t i = 0; i < longest; i += blocks.train_rows) {
      together(world, [&] {
        const MatrixView<float> some = train_block.view().rows_from(0, std::clamp(train.size() - i, std::int64_t{0}, blocks.train_rows));
        if (some.rows == 0) return;
        train.read(i, some);
        kernels.pairwise_distance({values.data + i * values.stride + j, some.rows, columns.rows, values.stride}, some, columns);
      });
      const std::int64_t done = j * longest + columns.rows * std::min(i + blocks.train_rows, longest);
      if (step && step(done, total)) return false;
    }
  }
  return true;
}

/// lambda G_i of this rank's rows in float32; 0 for all when the largest norm is 0.
std::vector<float> penalties(const SelectionInput& input, std::span<const std::int64_t> own_rows, double lambda) {
  const auto largest = static_cast<float>(*std::ranges::max_element(input.gradient_norm));
  std::vector<float> penalty(own_rows.size(), 0.0F);
  if (largest == 0) return penalty;
  for (std::size_t k = 0; k < own_rows.size(); ++k)
    penalty[k] = static_cast<float>(lambda) * (static_cast<float>(input.gradient_norm[static_cast<std::size_t>(own_rows[k])]) / largest);
  return penalty;
}

}  // namespace

CostMatrix::CostMatrix(std::int64_t num_train, std::int64_t num_valid, RowBlock rows, Place place)
    : num_train_(num_train), rows_(rows), kernels_(&RowKernels::on(place)) {
  if (place == Place::kGpu) {
    on_gpu_ = cuda::DeviceArray<float>(rows.size() * num_valid);
    values_ = on_gpu_.view(rows.size(), num_valid);
  } else {
    on_host_ = Matrix<float>(rows.size(), num_valid);
    values_ = on_host_.view();
  }
}

std::optional<CostMatrix> CostMatrix::build(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config,
                                            Communicator& world, const Step& step) {
  std::optional<CostMatrix> cost;
  together(world, [&] {
    cost = CostMatrix(rows.num_train(), rows.num_valid(), RowBlock::of(rows.num_train(), world.rank(), world.size()), input.place);
  });
  std::optional<DistanceFile> kept;
  if (input.distances) kept.emplace(*input.distances, rows, input.dimension);
  if (kept && kept->exists(world)) {
    together(world, [&] { cost->read_distances(*kept); });
  } else {
    if (!distances(input, rows, cost->rows_, cost->values_, *cost->kernels_, world, step)) return std::nullopt;
    if (kept) cost->write_distances(*kept, world);
  }
  cost->scale(input, rows, config, world);
  return cost;
}

void CostMatrix::read_distances(const DistanceFile& file) {
  if (kernels_->place() == Place::kHost) return file.read(rows_, values_);
  Matrix<float> some(kRowsOfFile, num_valid());
  for (std::int64_t i = 0; i < rows_.size(); i += kRowsOfFile) {
    const std::int64_t count = std::min(kRowsOfFile, rows_.size() - i), begin = rows_.begin + i;
    file.read({begin, begin + count}, some.view().rows_from(0, count));
    kernels_->write(values_.rows_from(i, count), some.view().rows_from(0, count));
  }
}

void CostMatrix::write_distances(const DistanceFile& file, Communicator& world) const {
  Matrix<float> some;
  std::vector<std::int64_t> rows;
  const auto copied = [&](std::int64_t first, std::int64_t count) {
    some = Matrix<float>(count, num_valid());
    rows.resize(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), first);
    kernels_->read(values_, rows, some);
    return MatrixView<const float>(some);
  };
  const auto in_place = [&](std::int64_t first, std::int64_t count) { return MatrixView<const float>(values_.rows_from(first, count)); };
  file.write(rows_, kernels_->place() == Place::kHost ? DistanceFile::Rows(in_place) : DistanceFile::Rows(copied), world);
}

void CostMatrix::scale(const SelectionInput& input, const ClassRows& rows, const SelectConfig& config, Communicator& world) {
  const auto own_rows = std::span(rows.train).subspan(static_cast<std::size_t>(rows_.begin), static_cast<std::size_t>(rows_.size()));
  std::vector<float> nearest(own_rows.size()), farthest(own_rows.size());
  together(world, [&] {
    kernels_->row_range(values_, nearest, farthest);
    for (std::size_t k = 0; k < own_rows.size(); ++k)
      GORACS_CHECK_INPUT(std::isfinite(farthest[k]), "{}: row {} is so far from a validation row that float32 cannot hold their distance",
                         train_name(input), own_rows[k]);
  });

  CostScale scale;
  if (config.distance_scale == "max") {
    const float largest = world.all_reduce(farthest.empty() ? 0.0F : *std::ranges::max_element(farthest), ReduceOp::kMax);
    if (largest > 0) scale.distance_divisor = largest;
  }
  // Division and subtraction round monotonically, so a row's extremes come from those of its distances.
  const std::vector<float> penalty = penalties(input, own_rows, config.lambda);
  scale.lowest = std::numeric_limits<float>::infinity();
  scale.highest = -scale.lowest;
  for (std::size_t k = 0; k < own_rows.size(); ++k) {
    scale.lowest = std::min(scale.lowest, nearest[k] / scale.distance_divisor - penalty[k]);
    scale.highest = std::max(scale.highest, farthest[k] / scale.distance_divisor - penalty[k]);
  }
  scale.lowest = world.all_reduce(scale.lowest, ReduceOp::kMin);
  scale.highest = world.all_reduce(scale.highest, ReduceOp::kMax);
  together(world, [&] { kernels_->normalise_cost(values_, penalty, scale); });
}

CostMatrix CostMatrix::of(MatrixView<const float> whole, Communicator& world, Place place) {
  CostMatrix cost(whole.rows, whole.cols, RowBlock::of(whole.rows, world.rank(), world.size()), place);
  cost.kernels_->write(cost.values_, whole.rows_from(cost.rows_.begin, cost.rows_.size()));
  cost.kernels_->normalise_cost(cost.values_, std::vector<float>(static_cast<std::size_t>(cost.rows_.size()), 0.0F), CostScale{});
  return cost;
}

Matrix<float> CostMatrix::gather(std::span<const std::int64_t> rows, Communicator& world) const {
  Matrix<float> copies(static_cast<std::int64_t>(rows.size()), num_valid());
  for (std::int64_t k = 0; k < copies.rows(); ++k) {
    const std::int64_t i = rows[static_cast<std::size_t>(k)];
    if (const std::int64_t i_lc = i - rows_.begin; rows_.contains(i))
      kernels_->read(values_, std::span(&i_lc, 1), copies.view().rows_from(k, 1));
    world.broadcast(copies.row(k), RowBlock::owner(i, num_train_, world.size()));
  }
  return copies;
}

}  // namespace goracs::itra
