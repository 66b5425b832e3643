/*
 * What the race detector is told of the emulated hardware. The files that include this are never
 * instrumented for races: they move data between fibers on purpose. What kernels may rely on is
 * told by acquire and release alone; what allocations and library functions do there is hidden.
 */
#ifndef INVP_SIMT_RACE_H
#define INVP_SIMT_RACE_H

#include <array>
#include <cstddef>

#ifdef INVP_SIMT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" void __tsan_ignore_thread_begin();
extern "C" void __tsan_ignore_thread_end();
#endif

namespace invp::simt {

inline void acquire([[maybe_unused]] void* token) {
#ifdef INVP_SIMT_TSAN
  __tsan_acquire(token);
#endif
}

inline void release([[maybe_unused]] void* token) {
#ifdef INVP_SIMT_TSAN
  __tsan_release(token);
#endif
}

inline void hide() {
#ifdef INVP_SIMT_TSAN
  __tsan_ignore_thread_begin();
#endif
}

inline void show() {
#ifdef INVP_SIMT_TSAN
  __tsan_ignore_thread_end();
#endif
}

/* While it lives what the current fiber does is the hardware's, and no race. Not nested, and never
 * while another fiber runs: a fiber may be dropped where it waits. */
struct Hidden {
  Hidden() { hide(); }
  ~Hidden() { show(); }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
};

/*
 * Addresses for the race detector: who meets releases to and acquires from one of their own. With a
 * single address a thread that is late to go on from one meeting would acquire what others, already
 * at the next, have released since.
 */
template <size_t kCount>
class Tokens {
 public:
  char* next() { return &tokens_[++last_ % kCount]; }
  char* last() { return &tokens_[last_ % kCount]; }

 private:
  std::array<char, kCount> tokens_{};
  size_t last_ = 0;
};

}  // namespace invp::simt

#endif
