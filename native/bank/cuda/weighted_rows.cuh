/* The weighted sum of gathered rows, a thread per column: what gradients are made of. */
#ifndef INVP_CUDA_WEIGHTED_ROWS_CUH
#define INVP_CUDA_WEIGHTED_ROWS_CUH

#include <cstdint>

#include "sums.cuh"

namespace invp::cuda {

// A row is 512 bytes that lie together, read by whole warps. So many rows are asked for before the
// first is added, since nothing else hides the latency of a gather.
constexpr int kRowsAtOnce = 16;

/* total += weights[j] * bank[ids[j]][column], j ascending; all threads of the block, `staged_*` are
 * shared. */
__device__ inline float add_rows(const float* __restrict__ bank, int dimension, int column,
                                 const int32_t* ids, const float* weights, int n, float total,
                                 int32_t* staged_ids, float* staged_weights) {
  for (int first = 0; first < n; first += kRowThreads) {
    const int at = first + static_cast<int>(threadIdx.x);
    if (at < n) {
      staged_ids[threadIdx.x] = ids[at];
      staged_weights[threadIdx.x] = weights[at];
    }
    __syncthreads();
    const int count = n - first < kRowThreads ? n - first : kRowThreads;
    int j = 0;
    for (; j + kRowsAtOnce <= count; j += kRowsAtOnce) {
      float values[kRowsAtOnce];
#pragma unroll
      for (int i = 0; i < kRowsAtOnce; ++i)
        values[i] = bank[static_cast<int64_t>(staged_ids[j + i]) * dimension + column];
#pragma unroll
      for (int i = 0; i < kRowsAtOnce; ++i) total = fmaf(staged_weights[j + i], values[i], total);
    }
    for (; j < count; ++j)
      total = fmaf(staged_weights[j],
                   bank[static_cast<int64_t>(staged_ids[j]) * dimension + column], total);
    __syncthreads();
  }
  return total;
}

}  // namespace invp::cuda

#endif
