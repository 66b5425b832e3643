/* What several kernels do with one row: its fp16 shadow, verdicts, norms. */
#ifndef INVP_CUDA_ROWS_CUH
#define INVP_CUDA_ROWS_CUH

#include <cmath>

#include "block.cuh"
#include "intrinsics.cuh"
#include "mutants.cuh"

namespace invp::cuda {

/* Notes that `row` is at fault; of several the smallest stays. */
__device__ inline void report(int32_t* verdict, int64_t row) {
  atomicMax(verdict, static_cast<int32_t>(0x7FFFFFFF - row));
}

__device__ inline bool finite(float value) { return value - value == 0; }

/* Whether an id is no row of a bank of `rows`. */
__device__ inline bool outside(int32_t id, int64_t rows) { return id < 0 || id >= rows; }

/* Raises a float that is never negative; floats of one sign compare like their bits. */
__device__ inline void raise(float* at, float value) {
  if (value > 0) {
#ifdef __CUDACC__
    atomicMax(reinterpret_cast<int*>(at), __float_as_int(value));
#else
    atomicMax(reinterpret_cast<int*>(at), std::bit_cast<int>(value));
#endif
  }
}

/* Whether the anchor at this position of the batch occurs again later, to all threads of the block. */
__device__ inline bool superseded(const int32_t* anchors, int batch, int position) {
  bool later = false;
  const auto step = static_cast<int>(blockDim.x);
  if (mutant(kFirstWriterWins)) {
    for (int b = static_cast<int>(threadIdx.x); b < position; b += step)
      later = later || anchors[b] == anchors[position];
  } else {
    for (int b = position + 1 + static_cast<int>(threadIdx.x); b < batch; b += step)
      later = later || anchors[b] == anchors[position];
  }
  return __syncthreads_or(later ? 1 : 0) != 0;
}

/* Whether ids [count] are rows of the bank in ascending order (repeats are allowed), to all threads of the block. */
__device__ inline bool ascending(const int32_t* ids, int count, int64_t rows) {
  bool bad = false;
  for (int j = static_cast<int>(threadIdx.x); j < count; j += static_cast<int>(blockDim.x))
    bad = bad || outside(ids[j], rows) || (j > 0 && ids[j] < ids[j - 1]);
  return __syncthreads_or(bad ? 1 : 0) == 0;
}

/*
 * Writes the shadow of a row, padded with zeros, and returns an upper bound of its norm, to all lanes of the warp that
 * calls: infinity if a value is beyond fp16, NaN if one is NaN.
 */
__device__ inline float shadow_row(const float* row, int dimension, int pitch, uint16_t* shadow) {
  float square = 0;
  bool beyond = false;
  if (dimension % 4 == 0) {
    for (int d = static_cast<int>(lane_of_thread()) * 4; d < pitch; d += 4 * kWarp) {
      const float4 x = d < dimension ? *reinterpret_cast<const float4*>(row + d)
                                     : float4{0.0f, 0.0f, 0.0f, 0.0f};
      if (mutant(kShadowKeepsPadding) && d >= dimension) continue;
      *reinterpret_cast<ushort4*>(shadow + d) =
          ushort4{to_half(x.x), to_half(x.y), to_half(x.z), to_half(x.w)};
      square = fmaf(x.x, x.x, square);
      square = fmaf(x.y, x.y, square);
      square = fmaf(x.z, x.z, square);
      square = fmaf(x.w, x.w, square);
      const float largest = fmaxf(fmaxf(fabsf(x.x), fabsf(x.y)), fmaxf(fabsf(x.z), fabsf(x.w)));
      beyond = beyond || largest > 65504.0f;
    }
  } else {
    for (int d = static_cast<int>(lane_of_thread()); d < pitch; d += kWarp) {
      const float x = d < dimension ? row[d] : 0.0f;
      if (mutant(kShadowKeepsPadding) && d >= dimension) continue;
      shadow[d] = to_half(x);
      square = fmaf(x, x, square);
      beyond = beyond || fabsf(x) > 65504.0f;
    }
  }
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2)
    square += __shfl_xor_sync(kAllLanes, square, lanes);
  // The square may be infinite already; only a NaN is not equal to itself.
  if (__any_sync(kAllLanes, beyond) && square == square) square = INFINITY;
  // The sum of dimension + 32 rounded terms, the root and the product are off by less than this. Squares below the
  // smallest normal float vanish; a row that small is covered by the constant.
  const auto terms = static_cast<float>(dimension + 64);
  return sqrtf(square) * (1.0f + terms * 0x1p-23f) + 0x1p-60f * sqrtf(terms);
}

}  // namespace invp::cuda

#endif
