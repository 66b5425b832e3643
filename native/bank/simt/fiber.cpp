#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>

#ifdef INVP_SIMT_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif

namespace invp::simt {
namespace {

// Kernels keep little on the stack; sanitizers put red zones around it.
#if defined(__SANITIZE_ADDRESS__) || defined(INVP_SIMT_TSAN)
constexpr size_t kStackBytes = size_t{256} << 10;
#else
constexpr size_t kStackBytes = size_t{64} << 10;
#endif
constexpr uint64_t kCanary = 0x5AFE57AC5AFE57ACu;

}  // namespace

#ifdef __x86_64__
// Saves what a callee must keep, changes stacks, restores. No system call, unlike swapcontext.
extern "C" void invp_simt_switch(void** from, void* to);
asm(R"(
.text
.globl invp_simt_switch
.hidden invp_simt_switch
.type invp_simt_switch, @function
invp_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size invp_simt_switch, .-invp_simt_switch
)");

namespace {

Fiber* starting = nullptr;

}  // namespace
#endif

Fiber::~Fiber() {
#ifdef INVP_SIMT_TSAN
  if (race_detector_ != nullptr) __tsan_destroy_fiber(race_detector_);
#endif
#ifndef __x86_64__
  delete static_cast<ucontext_t*>(at_);
  delete static_cast<ucontext_t*>(host_);
#endif
  if (stack_ != nullptr) munmap(stack_, kStackBytes);
}

void Fiber::start(Entry entry, void* argument) {
#ifdef INVP_SIMT_TSAN
  // Fresh memory: what an earlier thread had on its stack is no race.
  if (stack_ != nullptr) munmap(stack_, kStackBytes);
  stack_ = nullptr;
#endif
  if (stack_ == nullptr) {
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    stack_ = memory;
    *static_cast<uint64_t*>(stack_) = kCanary;
  }
#ifdef __SANITIZE_ADDRESS__
  // Frames that were dropped have left their red zones.
  ASAN_UNPOISON_MEMORY_REGION(stack_, kStackBytes);
#endif
  entry_ = entry;
  argument_ = argument;
#ifdef INVP_SIMT_TSAN
  // A fiber of its own for each CUDA thread: reuse would order one block's threads before the next
  // block's.
  if (race_detector_ != nullptr) __tsan_destroy_fiber(race_detector_);
  race_detector_ = __tsan_create_fiber(0);
#endif
#ifdef __x86_64__
  auto** top = reinterpret_cast<void**>(static_cast<char*>(stack_) + kStackBytes);
  *--top = nullptr;  // where begin() would return to: keeps the stack aligned as after a call
  *--top = reinterpret_cast<void*>(+[] { begin(starting); });
  for (int saved = 0; saved < 6; ++saved) *--top = nullptr;
  at_ = top;
#else
  if (at_ == nullptr) at_ = new ucontext_t;
  if (host_ == nullptr) host_ = new ucontext_t;
  auto* context = static_cast<ucontext_t*>(at_);
  getcontext(context);
  context->uc_stack.ss_sp = stack_;
  context->uc_stack.ss_size = kStackBytes;
  context->uc_link = nullptr;
  const auto self = reinterpret_cast<uintptr_t>(this);
  const auto trampoline = +[](unsigned high, unsigned low) {
    begin(reinterpret_cast<Fiber*>(static_cast<uintptr_t>(high) << 32 | low));
  };
  makecontext(context, reinterpret_cast<void (*)()>(trampoline), 2,
              static_cast<unsigned>(self >> 32), static_cast<unsigned>(self));
#endif
}

void Fiber::begin(Fiber* fiber) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &fiber->host_stack_, &fiber->host_stack_size_);
#endif
  fiber->entry_(fiber->argument_);
  __builtin_trap();
}

void Fiber::enter() {
#ifdef INVP_SIMT_TSAN
  race_detector_host_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(race_detector_, __tsan_switch_to_fiber_no_sync);
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&host_fake_stack_, stack_, kStackBytes);
#endif
#ifdef __x86_64__
  starting = this;
  invp_simt_switch(&host_, at_);
#else
  swapcontext(static_cast<ucontext_t*>(host_), static_cast<ucontext_t*>(at_));
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(host_fake_stack_, nullptr, nullptr);
#endif
}

void Fiber::leave() {
#ifdef INVP_SIMT_TSAN
  __tsan_switch_to_fiber(race_detector_host_, __tsan_switch_to_fiber_no_sync);
#endif
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack = nullptr;
  __sanitizer_start_switch_fiber(&fake_stack, host_stack_, host_stack_size_);
#endif
#ifdef __x86_64__
  invp_simt_switch(&at_, host_);
#else
  swapcontext(static_cast<ucontext_t*>(at_), static_cast<ucontext_t*>(host_));
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(fake_stack, &host_stack_, &host_stack_size_);
#endif
}

bool Fiber::intact() const { return *static_cast<const uint64_t*>(stack_) == kCanary; }

}  // namespace invp::simt
