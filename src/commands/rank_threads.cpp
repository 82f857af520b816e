#include "commands/rank_threads.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string_view>

namespace goracs {
namespace {

/// A host and a set of its CPUs; two ranks with equal ones share these CPUs.
struct Place {
  std::uint64_t host = 0;
  cpu_set_t cpus{};
};

Place own_place() {
  Place place;
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  place.host = std::hash<std::string_view>{}(name.data());
  CPU_ZERO(&place.cpus);
  if (sched_getaffinity(0, sizeof(place.cpus), &place.cpus) != 0) CPU_SET(0, &place.cpus);
  return place;
}

bool same(const Place& a, const Place& b) { return a.host == b.host && CPU_EQUAL(&a.cpus, &b.cpus) != 0; }

/// Too many threads for the CPUs, or a rank that its launcher holds on one CPU of many.
std::string complaint(std::span<const Place> places, const std::optional<std::int64_t>& asked) {
  const long on_host = sysconf(_SC_NPROCESSORS_ONLN);
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    const int cpus = CPU_COUNT(&places[rank].cpus);
    if (cpus == 1 && on_host > 1 && places.size() > 1)
      return fmt::format("rank {} is bound to one of {} CPUs: start the ranks with --bind-to none (mpirun) or --cpu-bind=none (srun)", rank,
                         on_host);
    if (asked && *asked > cpus) return fmt::format("run.threads is {}, but rank {} may use {} CPUs only", *asked, rank, cpus);
  }
  return "";
}

}  // namespace

RankThreads rank_threads(const std::optional<std::int64_t>& asked, Communicator& world) {
  const Place own = own_place();
  const auto places = world.all_gather(std::span<const Place>(&own, 1));
  RankThreads found;
  found.cpus = CPU_COUNT(&own.cpus);
  found.sharing = static_cast<int>(std::count_if(places.begin(), places.end(), [&](const Place& place) { return same(own, place); }));
  found.threads = asked ? static_cast<int>(*asked) : std::max(1, found.cpus / found.sharing);
  found.warning = complaint(places, asked);
  return found;
}

}  // namespace goracs
