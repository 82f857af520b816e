#include "itra/greedy_order_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "artifact/commit.hpp"
#include "base/error.hpp"
#include "base/file_bytes.hpp"
#include "base/sha256.hpp"
#include "comm/agreement.hpp"

namespace goracs::itra {
namespace {

constexpr std::size_t kNameDigits = 16;

std::string hash_of(const GreedyOrder& order) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(order.rows)));
  hash.add(std::as_bytes(std::span(&order.nearest_rows_of_pool, 1)));
  return hash.hex();
}

}  // namespace

GreedyOrderFile::GreedyOrderFile(const DistancePlace& place, const SelectionInput& input, const ClassRows& rows, const SelectConfig& config)
    : num_train_(rows.num_train()) {
  Sha256 hash;
  hash.add(fmt::format("greedy 1 {} {} {} {:a} ", place.key, input.dimension, config.distance_scale, config.lambda));
  hash.add(std::as_bytes(std::span(rows.train)));
  hash.add(std::as_bytes(std::span(rows.valid)));
  hash.add(std::as_bytes(std::span(input.gradient_norm)));
  path_ = place.folder / fmt::format("greedy-{}.json", hash.hex().substr(0, kNameDigits));
}

GreedyOrder GreedyOrderFile::parsed(const std::string& text) const {
  GreedyOrder order;
  std::string hash;
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    const auto rows = json.find("rows"), nearest = json.find("nearest_rows_of_pool"), sealed = json.find("sha256");
    const bool whole = rows != json.end() && nearest != json.end() && sealed != json.end() && rows->is_array() &&
                       nearest->is_number_integer() && sealed->is_string() &&
                       std::ranges::all_of(*rows, [](const auto& row) { return row.is_number_integer(); });
    if (whole) {
      order = {rows->get<std::vector<std::int64_t>>(), nearest->get<std::int64_t>()};
      hash = sealed->get<std::string>();
    }
  }
  GORACS_CHECK_INPUT(
      hash == hash_of(order) && std::ranges::all_of(order.rows, [&](std::int64_t row) { return row >= 0 && row < num_train_; }),
      "{}: damaged; remove it, and it is made anew", path_.string());
  return order;
}

GreedyOrder GreedyOrderFile::read(Communicator& world) const {
  GreedyOrder order;
  on_root(world, [&] {
    if (const std::optional<std::string> text = file_bytes(path_)) order = parsed(*text);
  });
  std::int64_t head[] = {static_cast<std::int64_t>(order.rows.size()), order.nearest_rows_of_pool};
  world.broadcast(std::span<std::int64_t>(head), 0);
  order.rows.resize(static_cast<std::size_t>(head[0]));
  order.nearest_rows_of_pool = head[1];
  world.broadcast(std::span(order.rows), 0);
  return order;
}

void GreedyOrderFile::write(const GreedyOrder& order, Communicator& world) const {
  on_root(world, [&] {
    make_folder(path_.parent_path());
    commit_text(
        path_,
        nlohmann::json{{"rows", order.rows}, {"nearest_rows_of_pool", order.nearest_rows_of_pool}, {"sha256", hash_of(order)}}.dump());
  });
}

}  // namespace goracs::itra
