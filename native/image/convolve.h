/* The sums of blurring. */
#ifndef INVP_IMAGE_CONVOLVE_H
#define INVP_IMAGE_CONVOLVE_H

#include <cstdint>

namespace invp::image {

/* Columns that are done at a time: rows of floats have room for a multiple of it. */
constexpr int32_t kConvolved = 32;

/* Bytes to floats. */
void widen(const uint8_t* in, int32_t count, float* out);

/* out[x] = sum over t < taps of kernel[t] * in[x + t], for x < width rounded up; `in` has room. */
void convolve_along(const float* in, const float* kernel, int32_t taps, int32_t width, float* out);

/*
 * out[x] = sum over t < taps of kernel[t] * rows[t][x], rounded to nearest, ties to even, for
 * x < width; every row has room for width rounded up.
 */
void convolve_across(const float* const* rows, const float* kernel, int32_t taps, int32_t width,
                     uint8_t* out);

}  // namespace invp::image

#endif
