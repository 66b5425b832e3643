/* The emulated device itself: what right kernels compute, and what it says of wrong ones. */
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "simt/half.h"
#include "simt_kernels.h"

namespace invp::simt_test {
namespace {

bool says(const std::string& message, const std::string& words) {
  return message.find(words) != std::string::npos;
}

TEST(Simt, runs_a_block_with_a_barrier_on_every_schedule) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::vector<int> data(96);
    std::iota(data.begin(), data.end(), 0);
    ASSERT_EQ(reverse(seed, data.data(), 96, true), "");
    for (int i = 0; i < 96; ++i) ASSERT_EQ(data[static_cast<size_t>(i)], 95 - i);
  }
}

// Under ThreadSanitizer the race below is reported, and ends the test program, on purpose.
#ifndef __SANITIZE_THREAD__
TEST(Simt, shows_a_missing_barrier_within_a_few_schedules) {
  int wrong = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<int> data(96);
    std::iota(data.begin(), data.end(), 0);
    ASSERT_EQ(reverse(seed, data.data(), 96, false), "");
    wrong += data[0] != 95 || data[95] != 0 ? 1 : 0;
  }
  EXPECT_GT(wrong, 0);
}
#endif

TEST(Simt, shuffles_between_the_lanes_of_each_warp) {
  std::vector<int> in(256), out(8), expected(8);
  std::iota(in.begin(), in.end(), 5);
  for (size_t i = 0; i < in.size(); ++i) expected[i / 32] += in[i];
  for (uint64_t seed = 0; seed < 20; ++seed) {
    ASSERT_EQ(warp_sum(seed, in.data(), out.data(), 256), "");
    ASSERT_EQ(out, expected);
  }
}

TEST(Simt, runs_every_thread_of_every_block_once) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    int counter = 0;
    ASSERT_EQ(count_blocks(seed, &counter, 9), "");
    ASSERT_EQ(counter, 360);
  }
}

TEST(Simt, lands_an_asynchronous_copy_by_its_wait_and_shows_a_missing_one) {
  alignas(16) std::vector<int> in(128), out(128);
  std::iota(in.begin(), in.end(), 1);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    ASSERT_EQ(copy_and_read(seed, in.data(), out.data(), true), "");
    for (int i = 0; i < 128; ++i) {
      const int from = (i + 4) % 128;
      ASSERT_EQ(out[static_cast<size_t>(i)], from / 4 == 5 ? 0 : from + 1);
    }
  }
#ifndef __SANITIZE_THREAD__
  ASSERT_EQ(copy_and_read(0, in.data(), out.data(), false), "");
  EXPECT_NE(out[0], 5);
#endif
}

TEST(Simt, names_block_thread_and_line_of_what_the_hardware_leaves_undefined) {
  EXPECT_TRUE(says(mask_without_the_caller(),
                   "mask: block (0,0,0) thread (31,0,0): __ballot_sync "
                   "at simt_kernels.cpp"))
      << mask_without_the_caller();
  EXPECT_TRUE(says(lane_that_exited(), "block (1,0,0)")) << lane_that_exited();
  EXPECT_TRUE(says(lane_that_exited(), "lane 3"));
  EXPECT_TRUE(says(barrier_that_some_skip(), "exit")) << barrier_that_some_skip();
  EXPECT_TRUE(says(barriers_that_differ(), "others of the block wait at line"))
      << barriers_that_differ();
  EXPECT_TRUE(says(vote_that_never_ends(), "waits for ever at")) << vote_that_never_ends();
  EXPECT_TRUE(says(shuffle_from_outside_the_mask(), "reads lane 20"))
      << shuffle_from_outside_the_mask();
  alignas(16) const int in[8] = {};
  EXPECT_TRUE(says(misaligned_copy(in), "misaligned address")) << misaligned_copy(in);
  EXPECT_TRUE(says(copies_left_alone(in), "never waited for")) << copies_left_alone(in);
}

TEST(Simt, poisons_the_shared_memory_of_every_block) {
  std::vector<float> out(96);
  ASSERT_EQ(sum_of_poison(0, out.data()), "");
  EXPECT_EQ(out[0], 1);
  EXPECT_TRUE(std::isnan(out[40]));
  EXPECT_TRUE(std::isnan(out[95]));
}

TEST(Simt, multiplies_fragments_as_the_tensor_core_does_within_its_error) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    uint16_t a[256], b[128];
    float c[128], expected[128], size[128];
    for (auto& x : a) x = simt::to_half(normal(random));
    for (auto& x : b) x = simt::to_half(normal(random));
    for (int i = 0; i < 16; ++i) {
      for (int j = 0; j < 8; ++j) {
        double sum = 0, sizes = 0;
        for (int k = 0; k < 16; ++k) {
          const double product = static_cast<double>(simt::from_half(a[i * 16 + k])) *
                                 static_cast<double>(simt::from_half(b[k * 8 + j]));
          sum += product;
          sizes += std::abs(product);
        }
        c[i * 8 + j] = 0.5f;
        expected[i * 8 + j] = static_cast<float>(sum + 0.5);
        size[i * 8 + j] = static_cast<float>(sizes + 0.5);
      }
    }
    ASSERT_EQ(multiply(seed, a, b, c), "");
    for (int i = 0; i < 128; ++i) ASSERT_NEAR(c[i], expected[i], 20 * 0x1p-23f * size[i]);
  }
}

TEST(Half, rounds_as_the_compilers_own_type_does) {
  for (uint32_t half = 0; half < 65536; ++half) {
    const auto value = simt::from_half(static_cast<uint16_t>(half));
    if (std::isnan(value)) continue;
    ASSERT_EQ(simt::to_half(value), half);
  }
#ifdef __FLT16_MAX__
  std::mt19937 random(4);
  for (int i = 0; i < 300000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(value)) continue;
    ASSERT_EQ(simt::to_half(value), std::bit_cast<uint16_t>(static_cast<_Float16>(value))) << value;
  }
#endif
}

}  // namespace
}  // namespace invp::simt_test
