/* The sums of resizing: inputs weighed into outputs, 16 neighbouring bytes at a time. */
#ifndef INVP_IMAGE_WEIGH_H
#define INVP_IMAGE_WEIGH_H

#include <cstdint>

namespace invp::image {

/* Fractional bits of a weight. */
constexpr int kWeightBits = 22;

/*
 * The inputs of each output. Two neighbouring weights make a pair of int32: {upper halves, lower
 * halves}, the first weight in the low 16 bits. A weight w has the halves w >> kLowBits and the
 * kLowBits below; the second of a pair is 0 where the number of taps is odd.
 */
struct Weighing {
  int32_t count;        /* outputs */
  const int32_t* first; /* [count]: the first input */
  const int32_t* taps;  /* [count], at least 1 */
  const int32_t* pairs; /* [count, pair_stride, 2] */
  int32_t pair_stride;
};

constexpr int kLowBits = 11;

/*
 * Weighs columns of 16 rows, one channel: input x is the 16 bytes at band + x * step, output x the
 * 16 bytes at out + 16 x. Every sum is rounded and cut off to 0..255.
 */
void weigh_columns(const uint8_t* band, int64_t step, const Weighing& weighing, uint8_t* out);

/*
 * Weighs rows of `width` bytes: [rows, width] to [count, width]. Up to 15 bytes behind the last
 * row may be read.
 */
void weigh_rows(const uint8_t* rows, int32_t width, const Weighing& weighing, uint8_t* out);

}  // namespace invp::image

#endif
