/*
 * Where a query's candidates begin: the sample's score of a rank somewhat beyond where the M-th
 * best should be, less twice the bound. A block per query; its scores are read a few times from the
 * cache. The threshold is a guess that decides how long the search takes, never what it finds: the
 * selection certifies.
 */
#include <cmath>

#include "arguments.h"
#include "block.cuh"
#include "intrinsics.cuh"
#include "sampling.h"

namespace invp::cuda {
namespace {

/* Above 0 for every score but NaN. */
__device__ inline RankKey score_key(float score) {
  return score == score ? bank::rank_key(score, 0) >> 32 : 0;
}

__global__ void __launch_bounds__(kBlockThreads)
    thresholds_kernel(const void* __restrict__ scores, bool rounded, int64_t size, uint32_t wanted,
                      const float* __restrict__ bounds, float* thresholds, int32_t* counts) {
  INVP_SHARED(BlockScratch, scratch, 1);
  const int64_t query = blockIdx.x;
  float threshold = -INFINITY;
  if (size > 0) {
    const auto* const halves = static_cast<const uint16_t*>(scores) + query * size;
    const auto* const floats = static_cast<const float*>(scores) + query * size;
    const Nth nth = block_nth_largest(
        [=](int64_t i) { return score_key(rounded ? from_half(halves[i]) : floats[i]); }, size,
        wanted, *scratch);
    if (nth.key != 0) threshold = bank::rank_score(nth.key << 32) - 2 * bounds[query];
    if (!(threshold == threshold)) threshold = -INFINITY;
  }
  if (threadIdx.x == 0) {
    thresholds[query] = threshold;
    counts[query * INVP_CUDA_COUNTER_STRIDE] = 0;
  }
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_sample(int64_t rows, int32_t count, int64_t* size, int64_t* stride,
                                     int64_t* rank) {
  return invp::guard([&] {
    require_arrays({writes("size", size, 1), writes("stride", stride, 1), writes("rank", rank, 1)});
    require_shape(rows, 1);
    require_count(rows, count);
    const invp::bank::Sample sample = invp::bank::plan_sample(rows, count);
    *size = sample.worthwhile() ? sample.size : 0;
    *stride = sample.worthwhile() ? sample.stride : 1;
    *rank = sample.worthwhile() ? sample.rank : 0;
  });
}

// Half as many again as are expected, four standard deviations, and a band of the bound's width.
INVP_EXPORT int32_t invp_cuda_capacity(int64_t rows, int32_t count, int64_t* capacity) {
  return invp::guard([&] {
    require_results(capacity);
    require_shape(rows, 1);
    require_count(rows, count);
    const int64_t wanted = int64_t{3} * count + 4096;
    *capacity = wanted < rows ? wanted : rows;
  });
}

INVP_EXPORT int32_t invp_cuda_thresholds(void* stream, const void* scores, int32_t rounded_scores,
                                         int32_t batch, int64_t size, int64_t rank,
                                         const float* bounds, float* thresholds, int32_t* counts) {
  return invp::guard([&] {
    require_batch(batch);
    invp::require(size >= 0 && size <= INT32_MAX && (size == 0 || (rank >= 0 && rank < size)),
                  "the threshold's rank lies outside the sample");
    const Array sampled = reads("scores", static_cast<const unsigned char*>(scores), batch, size,
                                rounded_scores != 0 ? 2 : 4);
    require_device({size > 0 ? sampled : invp::maybe(sampled), reads("bounds", bounds, batch),
                    writes("thresholds", thresholds, batch),
                    writes("counts", counts, batch, INVP_CUDA_COUNTER_STRIDE)});
    INVP_LAUNCH(thresholds_kernel, dim3(static_cast<unsigned>(batch)), dim3(kBlockThreads), 0,
                stream, scores, rounded_scores != 0, size,
                size > 0 ? static_cast<uint32_t>(rank + 1) : 1, bounds, thresholds, counts);
  });
}
