/*
 * A fiber: a stack of its own and a place to go on from. CUDA threads of an emulated launch are
 * fibers of one operating system thread, so that a schedule is a seed and nothing else. Sanitizers
 * are told of every switch.
 */
#ifndef INVP_SIMT_FIBER_H
#define INVP_SIMT_FIBER_H

#include <cstddef>

namespace invp::simt {

class Fiber {
 public:
  using Entry = void (*)(void*);

  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  /* The next switch to this fiber calls entry(argument), which must never return. What the fiber
   * was doing before is dropped. */
  void start(Entry entry, void* argument);

  /* From the host (the thread that schedules) to this fiber, until it calls leave(). */
  void enter();

  /* From this fiber back to the host. */
  void leave();

  /* False once the fiber has written beyond its stack. */
  bool intact() const;

 private:
  static void begin(Fiber* fiber);

  void* stack_ = nullptr;
  void* at_ = nullptr;
  void* host_ = nullptr;
  Entry entry_ = nullptr;
  void* argument_ = nullptr;
  void* race_detector_ = nullptr;
  void* race_detector_host_ = nullptr;
  void* host_fake_stack_ = nullptr;
  const void* host_stack_ = nullptr;
  size_t host_stack_size_ = 0;
};

}  // namespace invp::simt

#endif
