#include "kernels/emulator/fiber.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/detail/fcontext.hpp>
#include <new>

#include "kernels/emulator/sanitizers.hpp"

namespace goracs::emulator {
namespace {

namespace context = boost::context::detail;

std::size_t page_bytes() {
  static const auto kBytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return kBytes;
}

}  // namespace

struct Fiber::Switch {
  /// First frame on the fiber's stack.
  static void begin(context::transfer_t from) {
    auto* const fiber = static_cast<Fiber*>(from.data);
    fiber->host_ = from.fctx;
    arrive_on_stack(nullptr, &fiber->host_stack_, &fiber->host_stack_bytes_);
    fiber->entry_(fiber->argument_);
  }
};

Fiber::Fiber(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {
  const std::size_t guard = page_bytes();
  void* const pages =
      mmap(nullptr, guard + kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  mprotect(pages, guard, PROT_NONE);
  stack_ = static_cast<char*>(pages) + guard;
  tsan_ = tsan_create();
}

Fiber::~Fiber() {
  if (tsan_ != nullptr) tsan_destroy(tsan_);
  unpoison(stack_, kStackBytes);
  munmap(stack_ - page_bytes(), page_bytes() + kStackBytes);
}

void Fiber::resume() {
  void* fake = nullptr;
  leave_stack(&fake, stack_, kStackBytes);
  host_tsan_ = tsan_current();
  tsan_switch(tsan_);
  if (!started_) {
    started_ = true;
    context_ = context::make_fcontext(stack_ + kStackBytes, kStackBytes, &Switch::begin);
  }
  context_ = context::jump_fcontext(context_, this).fctx;
  arrive_on_stack(fake, nullptr, nullptr);
}

void Fiber::suspend() {
  void* fake = nullptr;
  leave_stack(&fake, host_stack_, host_stack_bytes_);
  tsan_switch(host_tsan_);
  host_ = context::jump_fcontext(host_, nullptr).fctx;
  arrive_on_stack(fake, &host_stack_, &host_stack_bytes_);
}

}  // namespace goracs::emulator
