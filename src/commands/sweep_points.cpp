#include "commands/sweep_points.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace goracs {
namespace {

template <class T>
std::vector<T> list_or(const std::vector<T>& list, const T& single) {
  return list.empty() ? std::vector<T>{single} : list;
}

}  // namespace

std::string SweepPoint::json() const {
  const Config& c = config.values;
  const nlohmann::ordered_json json = {
      {"index", index}, {"method", c.select.method}, {"lambda", c.select.lambda},          {"budget", c.select.budget},
      {"seed", c.seed}, {"run", c.run.name},         {"run_folder", run_folder().string()}};
  return json.dump();
}

std::vector<SweepPoint> sweep_points(const CommonOptions& options, Communicator& world) {
  const LoadedConfig whole = load_config(options, world);
  const Config& c = whole.values;
  const bool has_own_name = whole.origin.at("run.name") != "default";
  std::vector<SweepPoint> points;
  for (const std::string& method : list_or(c.sweep.method, c.select.method))
    for (const double lambda : list_or(c.sweep.lambda, c.select.lambda))
      for (const std::int64_t budget : list_or(c.sweep.budget, c.select.budget))
        for (const std::int64_t seed : list_or(c.sweep.seed, c.seed)) {
          CommonOptions own = options;
          for (const std::string& setting : {"select.method=" + method, fmt::format("select.lambda={}", lambda),
                                             fmt::format("select.budget={}", budget), fmt::format("seed={}", seed)})
            own.settings.push_back(setting);
          if (has_own_name) own.settings.push_back(fmt::format("run.name={}-{}-{}-{}-{}", c.run.name, method, lambda, budget, seed));
          points.push_back({static_cast<std::int64_t>(points.size()), load_config(own, world)});
        }
  return points;
}

}  // namespace goracs
