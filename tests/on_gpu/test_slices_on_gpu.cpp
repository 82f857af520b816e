// Layers in slices over the ranks, on the emulated GPU: gathered from device memory into device memory, over the fake of NCCL.
#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "comm/nccl_communicator.hpp"
#include "comm/rank_gpu.hpp"
#include "comm/self_communicator.hpp"
#include "kernels/device_memory.hpp"
#include "kernels/emulator/device_queue.hpp"
#include "kernels/fakes/device_pages.hpp"
#include "kernels/fakes/fake_calls.hpp"
#include "model/device.hpp"
#include "model/sliced_layers.hpp"
#include "placement/unreachable_device.hpp"
#include "support/expect_error.hpp"
#include "support/invented_stack.hpp"
#include "support/mpi_world.hpp"
#include "support/tiny_llama.hpp"
#include "train/pool_gradient_norms.hpp"

namespace goracs {
namespace {

using test::invented_stack;
using test::Stack;

constexpr std::int64_t kLayers = 5;

/// The slices of a stack.
struct Slices {
  Slices(const Stack& of, Communicator& world) : stack(of), layers(world, test::unreachable_device()) {
    for (const auto& tensors : stack) layers.append(tensors);
  }
  void expect_whole(std::int64_t index) {
    const std::vector<at::Tensor>& found = layers.at(index);
    for (std::size_t k = 0; k < found.size(); ++k)
      EXPECT_TRUE(found[k].equal(stack[static_cast<std::size_t>(index)][k].to(test::unreachable_device()))) << index;
  }
  Stack stack;
  SlicedLayers layers;
};

/// All ranks, each with a GPU of its own; over NCCL where there are several.
class SlicesOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    setenv("GORACS_FAKE_DEVICES", std::to_string(test::world().size()).c_str(), 1);
    fakes::forget_calls();
    if (test::world().size() > 1) {
      gpus_ = nccl_communicator(test::world(), test::kPeerSeconds);
    } else {
      gpus_ = std::make_unique<SelfCommunicator>();
      take_own_gpu(*gpus_);
    }
  }
  Communicator& gpus() { return *gpus_; }

 private:
  std::unique_ptr<Communicator> gpus_;
};

TEST_F(SlicesOnGpu, AreWholeInEveryPassAndNoByteOfThemComesToTheHost) {
  const std::int64_t rank = gpus().rank();
  for (const std::int64_t count : {1, 2, 3, 5}) {
    Slices slices(invented_stack(count), gpus());
    const std::int64_t before = test::bytes_to_host();
    for (int round = 0; round < 2; ++round) {
      for (int pass = 0; pass < rank + round; ++pass) {            // none, one, two ...
        const std::int64_t until = pass == 1 ? count / 2 : count;  // one that is given up on the way
        for (std::int64_t i = 0; i < until; ++i) slices.expect_whole(i);
        if (rank % 2 == 1)
          for (std::int64_t i = until; i-- > 0;) slices.expect_whole(i);
      }
      slices.layers.meet();
      EXPECT_EQ(gpus().all_reduce<std::int64_t>(1, ReduceOp::kSum), gpus().size());
    }
    EXPECT_EQ(test::bytes_to_host(), before);
  }
}

TEST_F(SlicesOnGpu, TakeTheirBytesThere) {
  const Stack stack = invented_stack(kLayers);
  const std::size_t before = fakes::device_bytes_used();
  Slices slices(stack, gpus());
  EXPECT_TRUE(slices.layers.are_on_device());
  EXPECT_EQ(static_cast<std::int64_t>(fakes::device_bytes_used() - before), slices.layers.held_bytes());
}

TEST_F(SlicesOnGpu, LieAsTensorsOfTheirOwnWould) {
  Slices slices(invented_stack(2), gpus());
  const std::vector<at::Tensor>& tensors = slices.layers.at(1);
  constexpr std::uintptr_t kOfLibTorchOnGpus = 512;
  const auto place = [&](std::size_t k) { return reinterpret_cast<std::uintptr_t>(tensors[k].const_data_ptr()); };
  for (std::size_t k = 1; k < tensors.size(); ++k) EXPECT_EQ((place(k) - place(0)) % kOfLibTorchOnGpus, 0U);
  slices.layers.meet();
}

TEST_F(SlicesOnGpu, AreNotOverwrittenWhileWorkOnThemIsQueued) {
  Slices slices(invented_stack(kLayers), gpus());
  const std::vector<float> expected(slices.stack[0][2].const_data_ptr<float>(), slices.stack[0][2].const_data_ptr<float>() + 1000);
  cuda::DeviceArray<float> seen(1000);
  const void* const first = slices.layers.at(0)[2].const_data_ptr();
  // a kernel on LibTorch's stream that runs when somebody waits for it
  emulator::enqueue(nullptr, "late kernel", [first, to = seen.data()] { std::memcpy(to, first, 1000 * sizeof(float)); });
  for (std::int64_t i = 1; i < kLayers; ++i) slices.layers.at(i);  // the third is gathered to where the first was
  finish_queued_work(test::unreachable_device());
  EXPECT_EQ(seen.to_host(), expected);
  slices.layers.meet();
}

TEST_F(SlicesOnGpu, GiveTheBitsOfWholeWeights) {
  settle_on_device();
  const auto folder = test::golden_source() / "models" / "llama_gqa";
  const at::TensorOptions placed = at::TensorOptions(at::kFloat).device(test::unreachable_device());
  const Llama whole = Llama::load(folder, placed), slices = Llama::load(folder, placed, 1, &gpus());
  const Adapter adapter = test::tiny_adapter().on(test::unreachable_device());
  const auto samples = test::invented_samples(11, "samples", 0);
  const auto norms_of = [&](const Llama& model) {
    GradientNormTable table(samples.size());
    EXPECT_TRUE(fill_gradient_norms(model, adapter, samples, {}, 40, table, gpus(), {}));
    return table.norm;
  };
  const std::vector<double> expected = norms_of(whole);
  EXPECT_EQ(norms_of(slices), expected);
  EXPECT_GT(expected[0], 0);
}

TEST_F(SlicesOnGpu, AGatherThatFailsNamesItsLayer) {
  if (gpus().size() == 1) return;  // NCCL has no part in it
  Slices slices(invented_stack(kLayers), gpus());
  fakes::fail_call("ncclAllGather", 1, 2);
  test::expect_error(ExitCode::kPeer, {"rank " + std::to_string(gpus().rank()), "'gather of layer 0'", "ncclAllGather"},
                     [&] { slices.layers.at(0); });
}

}  // namespace
}  // namespace goracs
