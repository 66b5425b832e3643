/*
 * The engine's threads: a fixed team that runs one job at a time, the caller being its first
 * member.
 */
#ifndef INVP_BANK_THREAD_POOL_H
#define INVP_BANK_THREAD_POOL_H

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "condition.h"

namespace invp::bank {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /* Runs job(thread) once on every thread, thread = 0 being the caller; rethrows the first
   * exception. */
  void run(const std::function<void(int)>& job);

  /*
   * Runs body(thread, begin, end) over [0, count) in pieces of at most `grain`, handed out in
   * ascending order, so that the pieces one thread sees ascend. A single piece runs on the caller
   * alone.
   */
  template <typename Body>
  void for_each(int64_t count, int64_t grain, Body&& body) {
    if (count <= grain || threads() == 1) {
      for (int64_t begin = 0; begin < count; begin += grain)
        body(0, begin, std::min(begin + grain, count));
      return;
    }
    std::atomic<int64_t> next{0};
    run([&](int thread) {
      for (int64_t begin; (begin = next.fetch_add(grain, std::memory_order_relaxed)) < count;) {
        body(thread, begin, std::min(begin + grain, count));
      }
    });
  }

 private:
  void work(int thread);
  void execute(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  Condition wake_;
  Condition done_;
  const std::function<void(int)>* job_ = nullptr;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int> running_{0};
  bool stopping_ = false;
  std::exception_ptr failure_;
};

}  // namespace invp::bank

#endif
