#include "stages/batch_tokens.hpp"

#include <span>

#include "base/log.hpp"
#include "comm/agreement.hpp"
#include "kernels/gpu.hpp"
#include "stages/long_loop.hpp"

namespace goracs {
namespace {

constexpr const char* kBatchState = "batch_tokens.h5";
constexpr const char* kBatchDataset = "/batch_tokens";

}  // namespace

std::int64_t batch_tokens(const StageContext& context, const std::optional<std::int64_t>& setting,
                          const std::function<MemoryPlan(double)>& plan_of) {
  if (setting || !cuda::in_use()) return setting.value_or(kAutoBatchTokens);
  std::int64_t tokens = 0;
  if (const auto saved = context.saved_state(kBatchState)) {
    together(context.world(), [&] { tokens = H5File::open(*saved).read<std::int64_t>(kBatchDataset, {1}).front(); });
    return tokens;
  }
  together(context.world(), [&] { tokens = fitting_tokens(plan_of, FreeMemory::here(context.world().local_size())); });
  tokens = context.world().all_reduce(tokens, ReduceOp::kMin);
  context.save_state(
      kBatchState,
      [&](const std::filesystem::path& path) {
        H5File file = H5File::create(path);
        file.write(kBatchDataset, std::span<const std::int64_t>(&tokens, 1), "of a batch, padding included");
        file.close();
      },
      saved_state::kKept);
  log_info("{} tokens a batch, from what is free on the GPUs", tokens);
  return tokens;
}

}  // namespace goracs
