#include <sched.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/error.hpp"
#include "comm/mpi_communicator.hpp"

namespace goracs {
namespace {

constexpr int kNoteTag = 11;
constexpr int kSpins = 200;    // a few hundred microseconds: exchange loops must not sleep
constexpr int kYields = 2000;  // then others may run, but this rank comes back at once
constexpr std::chrono::microseconds kShortestSleep{50}, kLongestSleep{1000};
constexpr int kSleepShare = 100;  // a sleep is at most so small a part of the wait so far
constexpr std::chrono::milliseconds kBetweenNotes{20};
constexpr double kMostBetweenLooks = 0.25;  // seconds; longer ones this rank did not run
constexpr double kQuestionShare = 0.2;      // of the deadline: five questions before it gives up
constexpr double kSilentShare = 0.5;        // of the deadline: who left the last two questions unanswered is silent
constexpr std::chrono::milliseconds kBetweenAnswers{100};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void MpiCommunicator::wait(MPI_Request& request, std::string_view phase) {
  GORACS_CHECK_PEER(!in_wait_, "'{}' after an exchange that failed", phase);
  in_wait_ = true;  // and it stays so when an error ends the wait: the request is still under way, nothing may follow it
  ++waits_;
  int done = 0;
  for (int poll = 0; poll < kSpins + kYields && done == 0; ++poll) {
    GORACS_MPI_TRY(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
    if (poll >= kSpins) sched_yield();
  }
  if (done == 0) wait_long(request, phase);
  in_wait_ = false;
}

/// A wait that sleeps between its looks, asks the peers what they do, answers their questions, and ends.
void MpiCommunicator::wait_long(MPI_Request& request, std::string_view phase) {
  const Clock::time_point begin = Clock::now();
  const double between_questions = deadline_seconds_ * kQuestionShare;
  Peers peers{0, 0, std::vector<double>(static_cast<std::size_t>(size_)), std::vector<Note>(static_cast<std::size_t>(size_))};
  Clock::time_point last_look = begin;
  double next_question = between_questions;
  for (;;) {
    int done = 0;
    GORACS_MPI_TRY(MPI_Test(&request, &done, MPI_STATUS_IGNORE));
    if (done != 0) return;
    std::this_thread::sleep_for(std::clamp<Clock::duration>((Clock::now() - begin) / kSleepShare, kShortestSleep, kLongestSleep));
    if (Clock::now() - last_look < kBetweenNotes) continue;
    peers.listened += std::min(seconds_since(last_look), kMostBetweenLooks);
    last_look = Clock::now();
    answer(Note::Kind::kWaiting, phase, &peers);
    if (peers.listened > next_question) {
      if (peers.listened - peers.last_working > deadline_seconds_) give_up(peers, phase, seconds_since(begin));
      for (int r = 0; r < size_; ++r)
        if (r != rank_) tell(r, Note::Kind::kQuestion, phase);
      next_question += between_questions;
    }
  }
}

void MpiCommunicator::forget_delivered_notes() {
  sent_.remove_if([](Sent& sent) {
    int done = 0;
    MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE);
    return done != 0;
  });
}

void MpiCommunicator::tell(int to, Note::Kind kind, std::string_view phase) {
  forget_delivered_notes();
  Sent& sent = sent_.emplace_back();
  sent.note = {kind, 0, waits_, {}};
  phase.copy(sent.note.phase, kPhaseLength - 1);
  GORACS_MPI_TRY(MPI_Isend(&sent.note, static_cast<int>(sizeof(Note)), MPI_BYTE, to, kNoteTag, notes_comm_, &sent.request));
}

/// Takes all notes that have come in: questions are answered with what this rank does, answers are kept in `peers`.
void MpiCommunicator::answer(Note::Kind own, std::string_view phase, Peers* peers) {
  for (;;) {
    int there = 0;
    MPI_Status status;
    GORACS_MPI_TRY(MPI_Iprobe(MPI_ANY_SOURCE, kNoteTag, notes_comm_, &there, &status));
    if (there == 0) return;
    Note note;
    GORACS_MPI_TRY(MPI_Recv(&note, static_cast<int>(sizeof(Note)), MPI_BYTE, status.MPI_SOURCE, kNoteTag, notes_comm_, MPI_STATUS_IGNORE));
    if (note.kind == Note::Kind::kQuestion) {
      tell(status.MPI_SOURCE, own, phase);
    } else if (peers != nullptr) {
      peers->heard[static_cast<std::size_t>(status.MPI_SOURCE)] = peers->listened;
      peers->notes[static_cast<std::size_t>(status.MPI_SOURCE)] = note;
      if (note.kind == Note::Kind::kWorking) peers->last_working = peers->listened;
    }
  }
}

void MpiCommunicator::still_working() {
  if (Clock::now() - last_answer_ < kBetweenAnswers) return;
  last_answer_ = Clock::now();
  answer(Note::Kind::kWorking, "work", nullptr);
}

void MpiCommunicator::give_up(const Peers& peers, std::string_view phase, double seconds) const {
  std::string silent, waiting;
  for (int r = 0; r < size_; ++r) {
    if (r == rank_) continue;
    if (peers.listened - peers.heard[static_cast<std::size_t>(r)] > kSilentShare * deadline_seconds_)
      silent += fmt::format("{}{}", silent.empty() ? "" : ", ", r);
    else
      waiting += fmt::format("{}rank {} in '{}' ({})", waiting.empty() ? "" : ", ", r, peers.notes[static_cast<std::size_t>(r)].phase,
                             peers.notes[static_cast<std::size_t>(r)].waits);
  }
  if (!silent.empty())
    fail(ExitCode::kPeer, "waited {:.0f} s in '{}' for rank {}, which does not answer (run.deadline_seconds)", seconds, phase, silent);
  fail(ExitCode::kPeer, "waited {:.0f} s in '{}', exchange {} of this rank, while the others wait elsewhere: {}", seconds, phase, waits_,
       waiting);
}

}  // namespace goracs
