/* How many schedules a test tries: few in every run, INVP_SCHEDULES of them in `make test-simt`. */
#ifndef INVP_TESTS_BANK_CUDA_SEEDS_H
#define INVP_TESTS_BANK_CUDA_SEEDS_H

#include <cstdint>
#include <cstdlib>

namespace invp::cuda_test {

inline uint64_t schedules(uint64_t usual) {
  const char* wanted = std::getenv("INVP_SCHEDULES");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

}  // namespace invp::cuda_test

#endif
