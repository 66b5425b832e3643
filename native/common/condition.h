/*
 * std::condition_variable without its wait, which gcc 12 and later bind to GLIBCXX_3.4.30: what we
 * ship runs with the libstdc++ of gcc 11 too.
 */
#ifndef INVP_COMMON_CONDITION_H
#define INVP_COMMON_CONDITION_H

#include <pthread.h>

#include <mutex>

namespace invp {

class Condition {
 public:
  Condition() = default;
  ~Condition() { pthread_cond_destroy(&condition_); }
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  /* Returns once ready() holds; the lock is held whenever it is called, and afterwards. */
  template <typename Ready>
  void wait(std::unique_lock<std::mutex>& lock, Ready ready) {
    while (!ready()) pthread_cond_wait(&condition_, lock.mutex()->native_handle());
  }

  void notify_one() noexcept { pthread_cond_signal(&condition_); }
  void notify_all() noexcept { pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
};

}  // namespace invp

#endif
