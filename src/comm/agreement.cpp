#include "comm/agreement.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <vector>

#include "base/current_error.hpp"
#include "base/stop_request.hpp"

namespace goracs {
namespace {

std::optional<Error> error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (...) {  // whatever it is, the others must not wait for this rank
    return current_error();
  }
  return std::nullopt;
}

std::string text_from(Communicator& world, const std::string& text, int root) {
  std::vector<char> letters(text.begin(), text.end());
  world.broadcast(letters, root);
  return {letters.begin(), letters.end()};
}

}  // namespace

void agree(Communicator& world, const std::optional<Error>& own) {
  const std::int64_t failed = world.all_reduce<std::int64_t>(own ? world.rank() : world.size(), ReduceOp::kMin);
  if (failed == world.size()) return;
  const int first = static_cast<int>(failed);
  const bool mine = first == world.rank();
  std::int64_t code = mine ? static_cast<std::int64_t>(own->code()) : 0;
  world.broadcast(std::span<std::int64_t>(&code, 1), first);
  const std::string text = text_from(world, mine ? own->what() : "", first);
  const bool names_its_rank = first == 0 || text.starts_with(fmt::format("rank {} ", first));
  throw AgreedError(static_cast<ExitCode>(code), names_its_rank ? text : fmt::format("rank {}: {}", first, text));
}

void together(Communicator& world, const std::function<void()>& work) { agree(world, error_of(work)); }

void together(Communicator& world, const std::function<void()>& work, const std::function<void()>& meet) {
  std::optional<Error> own;
  try {
    work();
  } catch (const AgreedError&) {
    throw;  // that of an exchange, which ranks at their `meet` throw as well
  } catch (...) {
    own = current_error();
    if (own->code() == ExitCode::kPeer) throw;  // there is nobody to meet
  }
  try {
    meet();
  } catch (const Error&) {
    if (own) throw Error(*own);  // which may be why
    throw;
  }
  agree(world, own);
}

void on_root(Communicator& world, const std::function<void()>& work) { agree(world, world.is_root() ? error_of(work) : std::nullopt); }

void on_root_for_long(Communicator& world, const std::function<void()>& work) {
  on_root(world, [&] {
    constexpr auto kTold = std::chrono::milliseconds(500);
    std::future<void> done = std::async(std::launch::async, work);
    while (done.wait_for(kTold) != std::future_status::ready) world.still_working();
    done.get();
  });
}

std::optional<std::string> stop_agreed(Communicator& world) {
  const std::optional<std::string> own = StopRequest::reason();
  const std::int64_t asked = world.all_reduce<std::int64_t>(own ? world.rank() : world.size(), ReduceOp::kMin);
  if (asked == world.size()) return std::nullopt;
  return text_from(world, own.value_or(""), static_cast<int>(asked));
}

std::string broadcast_text(Communicator& world, const std::string& text) { return text_from(world, text, 0); }

}  // namespace goracs
