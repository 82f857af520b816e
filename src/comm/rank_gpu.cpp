#include "comm/rank_gpu.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/host_name.hpp"
#include "comm/agreement.hpp"
#include "kernels/gpu.hpp"

namespace goracs {
namespace {

/// What a rank would use. Texts end with a zero.
struct GpuOfRank {
  std::array<char, 128> host{}, bus{}, why_none{};
  friend bool operator==(const GpuOfRank&, const GpuOfRank&) = default;
};

template <std::size_t size>
void copy(const std::string& text, std::array<char, size>& to) {
  text.copy(to.data(), size - 1);
}

GpuOfRank gpu_of(const Communicator& ranks) {
  GpuOfRank own;
  copy(host_name(), own.host);
  const cuda::Gpus gpus = cuda::visible_gpus();
  if (gpus.count == 0)
    copy(gpus.why_none, own.why_none);
  else
    copy(cuda::bus_address(cuda::gpu_of(ranks.local_rank(), gpus.count)), own.bus);
  return own;
}

}  // namespace

std::optional<std::string> why_not_a_gpu_each(Communicator& ranks) {
  GpuOfRank own;
  together(ranks, [&] { own = gpu_of(ranks); });
  const std::vector<GpuOfRank> all = ranks.all_gather(std::span<const GpuOfRank>(&own, 1));
  const auto has_none = [](const GpuOfRank& one) { return one.why_none[0] != '\0'; };
  if (std::ranges::all_of(all, has_none)) return all[0].why_none.data();
  for (std::size_t b = 0; b < all.size(); ++b) {
    if (has_none(all[b])) return fmt::format("{} (rank {})", all[b].why_none.data(), b);
    for (std::size_t a = 0; a < b; ++a)
      if (all[a] == all[b]) return fmt::format("ranks {} and {} share GPU {} of {}", a, b, all[a].bus.data(), all[a].host.data());
  }
  return std::nullopt;
}

void take_own_gpu(Communicator& ranks) {
  if (const auto why_not = why_not_a_gpu_each(ranks)) throw AgreedError(ExitCode::kUsage, "a GPU for each rank: " + *why_not);
  together(ranks, [&] { cuda::use(cuda::gpu_of(ranks.local_rank(), cuda::visible_gpus().count)); });
}

}  // namespace goracs
