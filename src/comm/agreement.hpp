#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "comm/communicator.hpp"

namespace goracs {

/// An error that every rank throws at the same place: nobody waits for anybody, so the job ends without being aborted.
class AgreedError : public Error {
 public:
  using Error::Error;
};

/// Every rank says what went wrong with it, if anything did; the error of the lowest such rank is thrown on all. For checks whose outcome can
/// differ between ranks. Collective.
///   rank 0: -   rank 1: "x.h5: ..."   rank 2: "y.h5: ..."   ->   AgreedError("rank 1: x.h5: ...") on every rank
/// A text that begins with "rank 1 " stays as it is.
void agree(Communicator& world, const std::optional<Error>& own);

/// Runs `work` on every rank and agrees on what it threw. Collective; `work` itself must not be.
void together(Communicator& world, const std::function<void()>& work);

/// The same for work that takes part in exchanges with ranks at such work of their own: `meet` follows it on every rank, whether it failed or not,
/// and returns when no rank is at it any more (Llama::meet_others). What all throw in one of these exchanges is thrown at once. Collective.
void together(Communicator& world, const std::function<void()>& work, const std::function<void()>& meet);

/// Runs `work` on rank 0 alone while the others wait; its failure is everyone's. Collective; `work` itself must not be.
void on_root(Communicator& world, const std::function<void()>& work);

/// The same for work that takes long and cannot say so itself (hashing, flushing to a disk): it has a thread of its own, while this one tells the
/// waiting ranks that it is at work (still_working). `work` itself must not use `world`.
void on_root_for_long(Communicator& world, const std::function<void()>& work);

/// Whether any rank has been asked to stop (base/stop_request.hpp), and why; the same answer on every rank: the reason of the lowest that was.
/// One small reduction. Collective.
///   rank 0: -   rank 1: "signal USR2"   rank 2: -   ->   "signal USR2" on every rank
std::optional<std::string> stop_agreed(Communicator& world);

/// A text that rank 0 has, on every rank.
std::string broadcast_text(Communicator& world, const std::string& text);

}  // namespace goracs
