#include "peak.h"

#include <atomic>
#include <chrono>
#include <stdexcept>

namespace invp::bank {
namespace {

// Between two looks at the clock: some ten microseconds.
constexpr int64_t kRounds = 4096;

}  // namespace

double peak_gflops(ThreadPool& pool, const Kernels& kernels, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  std::atomic<double> operations{0};
  pool.run([&](int) {
    double done = 0;
    float sum = 0;
    do {
      done += kernels.multiply_add(kRounds, 0.5f, &sum);
    } while (elapsed() < seconds);
    if (!(sum > 0.5f && sum < 1.5f)) throw std::logic_error("the peak loop computed nonsense");
    operations.fetch_add(done, std::memory_order_relaxed);
  });
  return operations.load() / elapsed() * 1e-9;
}

}  // namespace invp::bank
