/*
 * The other way to the candidates: cuBLAS has written a chunk of scores, [batch, chunk]; this reads
 * them once, 16 bytes per load, and appends what reaches its query's threshold. A warp's lanes all
 * work for one query, so that one ticket per warp is enough.
 */
#include <cmath>

#include "arguments.h"
#include "block.cuh"
#include "intrinsics.cuh"
#include "mutants.cuh"

namespace invp::cuda {
namespace {

constexpr int kPerThread = 8;
constexpr int kPerBlock = kBlockThreads * kPerThread;

/* Eight consecutive scores; aligned to 16 bytes. */
__device__ inline void load_scores(const float* from, float to[kPerThread]) {
  for (int half = 0; half < 2; ++half) {
    const float4 x = *reinterpret_cast<const float4*>(from + 4 * half);
    to[4 * half] = x.x;
    to[4 * half + 1] = x.y;
    to[4 * half + 2] = x.z;
    to[4 * half + 3] = x.w;
  }
}
__device__ inline void load_scores(const uint16_t* from, float to[kPerThread]) {
  const uint4 x = *reinterpret_cast<const uint4*>(from);
  const uint32_t words[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = from_half(static_cast<uint16_t>(words[i]));
    to[2 * i + 1] = from_half(static_cast<uint16_t>(words[i] >> 16));
  }
}
__device__ inline float load_score(const float* from) { return *from; }
__device__ inline float load_score(const uint16_t* from) { return from_half(*from); }

template <typename Score>
__global__ void __launch_bounds__(kBlockThreads)
    filter_kernel(const Score* __restrict__ scores, int64_t first, int64_t chunk, bool aligned,
                  const float* __restrict__ thresholds, int32_t* counts, RankKey* candidates,
                  int64_t capacity) {
  const int64_t query = blockIdx.y;
  const Score* const row = scores + query * chunk;
  const float threshold = thresholds[query];
  const int64_t at = (static_cast<int64_t>(blockIdx.x) * kBlockThreads + threadIdx.x) * kPerThread;
  const int64_t end = chunk - (mutant(kFilterOneTooFew) ? 1 : 0);
  float values[kPerThread];
  if (aligned && at + kPerThread <= end) {
    load_scores(row + at, values);
  } else {
#pragma unroll
    for (int i = 0; i < kPerThread; ++i)
      values[i] = at + i < end ? load_score(row + at + i) : NAN;  // a NaN passes no threshold
  }
  int hits = 0;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) hits += values[i] >= threshold ? 1 : 0;
  const auto all = static_cast<int>(__reduce_add_sync(kAllLanes, static_cast<unsigned>(hits)));
  if (all == 0) return;
  int before = hits;
  for (unsigned delta = 1; delta < kWarp; delta *= 2) {
    const int lower = __shfl_up_sync(kAllLanes, before, delta);
    if (lane_of_thread() >= delta) before += lower;
  }
  int32_t ticket = 0;
  if (lane_of_thread() == 0)
    ticket = atomicAdd(counts + query * INVP_CUDA_COUNTER_STRIDE, int32_t{all});
  int64_t place = int64_t{__shfl_sync(kAllLanes, ticket, 0)} + before - hits;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
    if (!(values[i] >= threshold)) continue;
    // A count that the caller spoilt may be negative.
    if (place >= 0 && place < capacity)
      candidates[query * capacity + place] =
          bank::rank_key(values[i], static_cast<int32_t>(first + at + i));
    ++place;
  }
}

template <typename Score>
void filter(void* stream, const Score* scores, int32_t batch, int64_t first, int64_t chunk,
            const float* thresholds, int32_t* counts, uint64_t* candidates, int64_t capacity) {
  const bool aligned = chunk * static_cast<int64_t>(sizeof(Score)) % 16 == 0;
  INVP_LAUNCH(filter_kernel<Score>, dim3(blocks(chunk, kPerBlock), static_cast<unsigned>(batch)),
              dim3(kBlockThreads), 0, stream, scores, first, chunk, aligned, thresholds, counts,
              candidates, capacity);
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_filter(void* stream, const void* scores, int32_t rounded_scores,
                                     int32_t batch, int64_t first, int64_t chunk,
                                     const float* thresholds, int32_t* counts, uint64_t* candidates,
                                     int64_t capacity) {
  return invp::guard([&] {
    require_batch(batch);
    require_capacity(capacity);
    invp::require(first >= 0 && chunk >= 1 && chunk <= INT32_MAX && first <= INT32_MAX - chunk,
                  "the chunk's rows must be ids below 2147483647");
    require_device({reads("scores", static_cast<const unsigned char*>(scores), batch, chunk,
                          rounded_scores != 0 ? 2 : 4),
                    reads("thresholds", thresholds, batch),
                    writes("counts", counts, batch, INVP_CUDA_COUNTER_STRIDE),
                    writes("candidates", candidates, batch, capacity)});
    if (rounded_scores != 0) {
      filter(stream, static_cast<const uint16_t*>(scores), batch, first, chunk, thresholds, counts,
             candidates, capacity);
    } else {
      filter(stream, static_cast<const float*>(scores), batch, first, chunk, thresholds, counts,
             candidates, capacity);
    }
  });
}
