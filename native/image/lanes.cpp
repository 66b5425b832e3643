/*
 * Blocks of 16 x 16 bytes are transposed by four rounds of interleaving: one round
 * takes row i and row i + 8 to rows 2 i and 2 i + 1, after four each byte is where
 * its row and column have changed places.
 */
#include "lanes.h"

#include <algorithm>
#include <cstring>

namespace invp::image {
namespace {

using Bytes = uint8_t __attribute__((vector_size(kLanes)));

void transpose(Bytes* block) {
  constexpr int kHalf = kLanes / 2;
  Bytes other[kLanes];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < kHalf; i++) {
      const Bytes a = block[i], b = block[i + kHalf];
      other[2 * i] =
          __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      other[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                 14, 30, 15, 31);
    }
    for (int i = 0; i < kHalf; i++) {
      const Bytes a = other[i], b = other[i + kHalf];
      block[2 * i] =
          __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      block[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                                 14, 30, 15, 31);
    }
  }
}

}  // namespace

void to_columns(const uint8_t* pixels, int64_t row_stride, int rows, int64_t count,
                uint8_t* columns) {
  Bytes block[kLanes] = {};
  for (int64_t x = 0; x < count; x += kLanes) {
    const auto here = static_cast<size_t>(std::min<int64_t>(kLanes, count - x));
    for (int lane = 0; lane < kLanes; lane++) {
      const uint8_t* row = pixels + std::min(lane, rows - 1) * row_stride + x;
      if (here == kLanes) {
        std::memcpy(&block[lane], row, kLanes);
      } else {
        std::memcpy(&block[lane], row, here);
      }
    }
    transpose(block);
    std::memcpy(columns + x * kLanes, block, sizeof block);
  }
}

void to_rows(const uint8_t* columns, int64_t count, int rows, int64_t row_stride, uint8_t* pixels) {
  Bytes block[kLanes];
  for (int64_t x = 0; x < count; x += kLanes) {
    const auto here = static_cast<size_t>(std::min<int64_t>(kLanes, count - x));
    std::memcpy(block, columns + x * kLanes, sizeof block);
    transpose(block);
    for (int lane = 0; lane < rows; lane++) {
      uint8_t* row = pixels + lane * row_stride + x;
      if (here == kLanes) {
        std::memcpy(row, &block[lane], kLanes);
      } else {
        std::memcpy(row, &block[lane], here);
      }
    }
  }
}

}  // namespace invp::image
