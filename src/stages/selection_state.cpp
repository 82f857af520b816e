#include "stages/selection_state.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "base/error.hpp"
#include "comm/agreement.hpp"

namespace goracs {
namespace {

constexpr const char* kSelectionState = "selection.state";

/// The class on the first line, then the opaque bytes.
void write_state(const std::filesystem::path& path, const itra::SelectionState& state) {
  std::ofstream out(path, std::ios::binary);
  out << state.class_index << '\n' << state.bytes << std::flush;
  GORACS_CHECK_IO(out.good(), "{}: cannot be written", path.string());
}

itra::SelectionState read_state(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  itra::SelectionState state;
  in >> state.class_index;
  GORACS_CHECK_INPUT(in.good() && in.get() == '\n', "{}: no saved selection", path.string());
  state.bytes.assign(std::istreambuf_iterator<char>(in), {});
  return state;
}

}  // namespace

itra::SelectionEvents SelectionSteps::events() {
  itra::SelectionEvents events;
  events.step = [this](const std::string& phase, std::int64_t done, std::int64_t total, double poo_score) {
    return step(phase, done, total, poo_score);
  };
  events.checkpoint = [this](const std::function<itra::SelectionState()>& state) { state_ = state(); };
  events.resume_from = saved();
  return events;
}

bool SelectionSteps::step(const std::string& phase, std::int64_t done, std::int64_t total, double poo_score) {
  if (phase != phase_) {
    phase_ = phase;
    loop_ = std::make_unique<LongLoop>(context_, kSelectionState, phase, total, 0,
                                       [this](const std::filesystem::path& path) { write_state(path, state_); });
  }
  stopped_ = loop_->stops(done, poo_score > 0 ? fmt::format("POO {:.6f}", poo_score) : "");
  return stopped_;
}

std::optional<itra::SelectionState> SelectionSteps::saved() {
  const auto file = context_.saved_state(kSelectionState);
  if (!file) return std::nullopt;
  together(context_.world(), [&] { state_ = read_state(*file); });
  return state_.bytes.empty() ? std::nullopt : std::optional(state_);  // empty: stopped before there was anything to keep
}

}  // namespace goracs
