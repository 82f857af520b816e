#include "itra/baseline_k_center.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

#include "comm/agreement.hpp"
#include "comm/row_block.hpp"
#include "itra/embedding_rows.hpp"
#include "kernels/pairwise_distance.hpp"

namespace goracs::itra {
namespace {

constexpr float kChosen = -1;  ///< below every distance

}  // namespace

std::optional<std::vector<std::int64_t>> k_center_coreset(const SelectionInput& input, const ClassRows& rows, Communicator& world,
                                                          const std::function<bool(std::int64_t rows)>& step) {
  const RowBlock own = RowBlock::of(rows.num_train(), world.rank(), world.size());
  const auto own_rows = std::span(rows.train).subspan(static_cast<std::size_t>(own.begin), static_cast<std::size_t>(own.size()));
  Matrix<float> embedding, centre, to_centre;
  together(world, [&] {
    embedding = Matrix<float>(own.size(), input.dimension);
    centre = Matrix<float>(1, input.dimension);
    to_centre = Matrix<float>(own.size(), 1);
    if (own.size() > 0) EmbeddingRows(input.train, own_rows, input.dimension, train_name(input)).read(0, embedding);
  });

  std::vector<float> to_nearest(own_rows.size(), std::numeric_limits<float>::infinity());
  std::vector<std::int64_t> coreset{0};
  while (true) {
    const std::int64_t added = coreset.back();
    if (own.contains(added)) std::ranges::copy(embedding.row(added - own.begin), centre.row(0).begin());
    world.broadcast(centre.row(0), RowBlock::owner(added, rows.num_train(), world.size()));
    cpu::pairwise_distance(embedding, centre, to_centre);
    for (std::size_t k = 0; k < to_nearest.size(); ++k) to_nearest[k] = std::min(to_nearest[k], to_centre.data()[k]);
    if (own.contains(added)) to_nearest[static_cast<std::size_t>(added - own.begin)] = kChosen;
    const auto size = static_cast<std::int64_t>(coreset.size());
    if (step && step(size)) return std::nullopt;
    if (size == rows.budget) return coreset;

    const auto farthest = std::ranges::max_element(to_nearest);
    const bool none = farthest == to_nearest.end();
    coreset.push_back(world
                          .min_with_row(none ? ScoredRow{std::numeric_limits<double>::infinity(), -1}
                                             : ScoredRow{-static_cast<double>(*farthest), own.begin + (farthest - to_nearest.begin())})
                          .row);
  }
}

}  // namespace goracs::itra
