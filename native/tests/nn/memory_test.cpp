/* The cache of blocks that LibTorch allocates from. */
#include "memory.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace {

constexpr int64_t kElements = 1 << 20;

TEST(BlockCache, HandsAFreedBlockOutAgain) {
  invp::nn::install_block_cache();
  auto first = at::empty({kElements});
  const void* address = first.data_ptr();
  first.reset();
  const auto second = at::empty({kElements - 10});
  EXPECT_EQ(second.data_ptr(), address);
}

TEST(BlockCache, NeverHandsOutABlockInUse) {
  invp::nn::install_block_cache();
  const auto first = at::empty({kElements});
  const auto second = at::empty({kElements});
  EXPECT_NE(first.data_ptr(), second.data_ptr());
}

TEST(BlockCache, AlignsEverySizeToACacheLine) {
  invp::nn::install_block_cache();
  for (int64_t size : {1, 3, 17, 1000, 20000, 300001, 5000003}) {
    const auto tensor = at::empty({size});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.data_ptr()) % 64, 0u) << size;
    tensor.mutable_data_ptr<float>()[size - 1] = 1;
  }
}

TEST(BlockCache, OutlivesARelease) {
  invp::nn::install_block_cache();
  auto kept = at::empty({kElements});
  at::empty({kElements}).reset();
  invp::nn::release_cached_blocks();
  kept.mutable_data_ptr<float>()[kElements - 1] = 2;
  EXPECT_EQ(kept.const_data_ptr<float>()[kElements - 1], 2);
}

}  // namespace
