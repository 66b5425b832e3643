/* Small kernels, right and wrong, that the emulated device is tried with. */
#ifndef INVP_TESTS_SIMT_KERNELS_H
#define INVP_TESTS_SIMT_KERNELS_H

#include <cstdint>
#include <string>

namespace invp::simt_test {

/* Each runs a kernel with a schedule and returns the emulator's message, empty if there was none.
 */
std::string reverse(uint64_t seed, int* data, int n, bool with_barrier);
std::string warp_sum(uint64_t seed, const int* in, int* out, int n);
std::string count_blocks(uint64_t seed, int* counter, int blocks);
std::string copy_and_read(uint64_t seed, const int* in, int* out, bool wait);
std::string mask_without_the_caller();
std::string lane_that_exited();
std::string barrier_that_some_skip();
std::string barriers_that_differ();
std::string vote_that_never_ends();
std::string misaligned_copy(const int* in);
std::string shuffle_from_outside_the_mask();
std::string copies_left_alone(const int* in);
std::string sum_of_poison(uint64_t seed, float* out);
/* c += a b with a [16, 16], b [16, 8] (row-major halves), c [16, 8]. */
std::string multiply(uint64_t seed, const uint16_t* a, const uint16_t* b, float* c);

}  // namespace invp::simt_test

#endif
