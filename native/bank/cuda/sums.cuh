/* Sums in the order that the CPU engine adds in, so that both give the same bits. */
#ifndef INVP_CUDA_SUMS_CUH
#define INVP_CUDA_SUMS_CUH

#include "block.cuh"
#include "mutants.cuh"

namespace invp::cuda {

/* Threads of the kernels that work on one row at a time. */
constexpr int kRowThreads = 128;

/*
 * value(0) + value(1) + ... + value(n - 1) in double, strictly in this order, to all kRowThreads threads of the block. The
 * values come in parallel, through `stage` (kRowThreads + 1 doubles of shared memory); only the additions are serial.
 */
template <typename Value>
__device__ double serial_sum(const Value& value, int64_t n, double* stage) {
  double sum = 0;
  for (int64_t first = 0; first < n; first += kRowThreads) {
    const int64_t i = first + threadIdx.x;
    if (i < n) stage[threadIdx.x] = value(i);
    __syncthreads();
    if (threadIdx.x == 0) {
      const int count = static_cast<int>(n - first < kRowThreads ? n - first : kRowThreads);
      for (int j = 0; j < count; ++j) sum += stage[j];
      stage[kRowThreads] = sum;
    }
    __syncthreads();
  }
  sum = stage[kRowThreads];
  __syncthreads();
  return sum;
}

/* The dot product of two rows: products of floats are exact in double. */
__device__ inline double serial_dot(const float* a, const float* b, int64_t n, double* stage) {
  return serial_sum(
      [=](int64_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); }, n, stage);
}

/*
 * The sum of n floats in double as sixteen partial sums, one for each remainder of the index, added in order; to all
 * threads of the block. `partial` holds sixteen doubles of shared memory.
 */
__device__ inline double sum_of_sixteen(const float* values, int n, double* partial) {
  constexpr int kParts = 16;
  const auto part = static_cast<int>(threadIdx.x);
  if (part < kParts) {
    double sum = 0;
    if (mutant(kSumInOtherOrder)) {
      for (int j = 0; part == 0 && j < n; ++j) sum += static_cast<double>(values[j]);
    } else {
      for (int j = part; j < n; j += kParts) sum += static_cast<double>(values[j]);
    }
    partial[part] = sum;
  }
  __syncthreads();
  double total = 0;
  for (int i = 0; i < kParts; ++i) total += partial[i];
  __syncthreads();
  return total;
}

/* The largest value of the block's threads, to all of them; `warps` holds a float per warp. */
__device__ inline float block_max(float value, float* warps) {
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2)
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, lanes));
  if (lane_of_thread() == 0) warps[warp_of_thread()] = value;
  __syncthreads();
  value = warps[0];
  for (int warp = 1; warp < kBlockWarps; ++warp) value = fmaxf(value, warps[warp]);
  __syncthreads();
  return value;
}

}  // namespace invp::cuda

#endif
