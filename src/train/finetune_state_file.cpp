#include "train/finetune_state_file.hpp"

#include <span>

#include "artifact/h5.hpp"
#include "base/error.hpp"

namespace goracs {
namespace {

/// Every array of a state with its name: writing and reading go through the one list.
template <class State, class Each>
void for_each_array(State& state, Each&& each) {
  each("/parameters", state.parameters);
  each("/best_parameters", state.best_parameters);
  each("/first_moment", state.optimizer.first_moment);
  each("/second_moment", state.optimizer.second_moment);
  each("/history/train_loss", state.history.train_loss);
  each("/history/learning_rate", state.history.learning_rate);
  each("/history/grad_norm", state.history.grad_norm);
  each("/history/valid_step", state.history.valid_step);
  each("/history/valid_loss", state.history.valid_loss);
}

constexpr const char* kCounters = "/counters";  // step, steps of AdamW, best step, evaluations in a row without a better one
constexpr const char* kBestLoss = "/best_loss";

}  // namespace

void write_finetune_state(const std::filesystem::path& path, const FinetuneState& state) {
  H5File file = H5File::create(path);
  for_each_array(state, [&]<class T>(const char* name, const std::vector<T>& values) { file.write(name, std::span<const T>(values)); });
  const std::int64_t counters[] = {state.step, state.optimizer.steps, state.stopping.best_step, state.stopping.worse_in_a_row};
  file.write(kCounters, std::span<const std::int64_t>(counters),
             "steps taken, steps of AdamW, best step, evaluations since without a better one");
  file.write(kBestLoss, std::span<const double>(&state.stopping.best_loss, 1), "lowest validation loss");
  file.close();
}

FinetuneState read_finetune_state(const std::filesystem::path& path, std::int64_t num_parameters) {
  const H5File file = H5File::open(path);
  FinetuneState state;
  for_each_array(state, [&]<class T>(const char* name, std::vector<T>& values) { values = file.read<T>(name); });
  const auto counters = file.read<std::int64_t>(kCounters, {4});
  state.step = counters[0];
  state.optimizer.steps = counters[1];
  state.stopping.best_step = counters[2];
  state.stopping.worse_in_a_row = counters[3];
  state.stopping.best_loss = file.read<double>(kBestLoss, {1})[0];
  for (const auto* values : {&state.parameters, &state.best_parameters, &state.optimizer.first_moment, &state.optimizer.second_moment})
    GORACS_CHECK_INPUT(static_cast<std::int64_t>(values->size()) == num_parameters,
                       "{}: a checkpoint of {} parameters, but the adapter has {}", path.string(), values->size(), num_parameters);
  return state;
}

}  // namespace goracs
