/*
 * From candidates with approximate scores to the M best by canonical score. A block per query:
 *
 *   1. find A, the M-th largest approximate score (a histogram over the scores' range);
 *   2. keep what is at least A - 2 bound: M candidates are canonically at least A - bound, and
 * whoever is left out is canonically below that;
 *   3. compute the canonical scores of the kept, a few percent more than M;
 *   4. find the M-th best key, (score, id), and keep the M that reach it;
 *   5. certify: a row that was never a candidate is approximately below the threshold, canonically
 * below threshold + bound. If the M-th best is at least that, nothing was lost. Else, or if the
 * list was too short or overflowed, the query is reported as missed;
 *   6. sort by id, and by score where asked for.
 */
#include <cmath>

#include "arguments.h"
#include "rows.cuh"
#include "scores.cuh"

namespace invp::cuda {
namespace {

struct Selection {
  const float* bank;
  int64_t rows;
  int dimension;
  const float* unit;
  const float* bounds;
  const float* thresholds;
  const int32_t* counts;
  RankKey* candidates;
  RankKey* workspace;
  int64_t capacity;
  int count;
  bool by_score;
};

/* Copies what `keep` accepts of from[0, n) to `to`, in any order; returns how many to all threads.
 */
template <typename Keep>
__device__ int compact(const RankKey* from, int n, RankKey* to, const Keep& keep,
                       int32_t* counter) {
  if (threadIdx.x == 0) *counter = 0;
  __syncthreads();
  for (int first = 0; first < n; first += kBlockThreads) {
    const int i = first + static_cast<int>(threadIdx.x);
    const RankKey key = i < n ? from[i] : 0;
    const bool kept = i < n && keep(key);
    const uint32_t peers = __ballot_sync(kAllLanes, kept);
    int32_t ticket = 0;
    if (lane_of_thread() == 0 && peers != 0) ticket = atomicAdd(counter, int32_t{__popc(peers)});
    ticket = __shfl_sync(kAllLanes, ticket, 0);
    if (kept) to[ticket + __popc(peers & lanes_below())] = key;
  }
  if (!mutant(kNoBarrierInSelection)) __syncthreads();
  const int kept = *counter;
  if (!mutant(kNoBarrierInSelection)) __syncthreads();
  return kept;
}

__global__ void __launch_bounds__(kBlockThreads)
    select_kernel(Selection s, int32_t* ids, float* scores, int32_t* missed) {
  // The selections and the scoring take turns in the same memory.
  INVP_SHARED(float, memory, kBlockWarps* kScoreFloats);
  INVP_SHARED(int32_t, counter, 1);
  INVP_SHARED(uint32_t, worst, 1);
  static_assert(sizeof(BlockScratch) <= kScoreBytes);
  auto& scratch = *reinterpret_cast<BlockScratch*>(memory);
  const int64_t query = blockIdx.x;
  RankKey* const list = s.candidates + query * s.capacity;
  RankKey* const work = s.workspace + query * s.capacity;
  const float bound = s.bounds[query], threshold = s.thresholds[query];
  int32_t* const flag = missed + 1 + query;
  int n = s.counts[query * INVP_CUDA_COUNTER_STRIDE];
  const bool overflowed = !mutant(kOverflowUnnoticed) && n > s.capacity;
  if (n > s.capacity) n = static_cast<int>(s.capacity);
  if (overflowed || n < s.count || !(bound < INFINITY)) {
    if (threadIdx.x == 0) *flag = 1;
    return;
  }

  const auto wanted = static_cast<uint32_t>(s.count);
  const Nth near = block_nth_largest([=](int64_t i) { return list[i] >> 32; }, n, wanted, scratch);
  const float lowest = bank::rank_score(near.key << 32) - 2 * bound;
  const RankKey band = mutant(kNoBand) ? near.key : bank::rank_key(lowest, 0) >> 32;
  const int kept = compact(
      list, n, work, [band](RankKey key) { return key >> 32 >= band; }, counter);

  float* const tiles = memory + warp_of_thread() * kScoreFloats;
  for (int first = static_cast<int>(warp_of_thread()) * kWarp; first < kept;
       first += kBlockThreads) {
    const int i = first + static_cast<int>(lane_of_thread());
    const int32_t named = i < kept ? bank::rank_id(work[i]) : -1;
    const int32_t id = outside(named, s.rows) ? -1 : named;
    const float score = warp_scores(s.bank, s.dimension, s.unit + query * s.dimension, id, tiles);
    if (i < kept) work[i] = id >= 0 && score == score ? bank::rank_key(score, id) : 0;
  }
  if (threadIdx.x == 0) *worst = ~0u;
  __syncthreads();

  const Nth best = block_nth_largest([=](int64_t i) { return work[i]; }, kept, wanted, scratch);
  if (best.key == 0) {
    if (threadIdx.x == 0) *flag = 1;
    return;
  }
  compact(
      work, kept, list, [&](RankKey key) { return key >= best.key; }, counter);
  uint32_t least = ~0u;
  for (int i = static_cast<int>(threadIdx.x); i < s.count; i += kBlockThreads) {
    const auto score = static_cast<uint32_t>(list[i] >> 32);
    least = score < least ? score : least;
  }
  least = __reduce_min_sync(kAllLanes, least);
  if (lane_of_thread() == 0) atomicMin(worst, least);
  __syncthreads();
  const float last = bank::rank_score(RankKey{*worst} << 32);
  const bool certified = mutant(kNoCertification) || last >= threshold + bound;
  if (threadIdx.x == 0) *flag = certified ? 0 : 1;
  if (!certified) return;

  const RankKey* const sorted = block_sort(list, work, s.count, s.rows, s.by_score, scratch);
  for (int i = static_cast<int>(threadIdx.x); i < s.count; i += kBlockThreads) {
    ids[query * s.count + i] = bank::rank_id(sorted[i]);
    scores[query * s.count + i] = bank::rank_score(sorted[i]);
  }
}

/* Flags to a list, in place, by one block: missed[0] how many, then which, ascending. */
__global__ void __launch_bounds__(kBlockThreads) missed_kernel(int32_t* missed, int batch) {
  INVP_SHARED(BlockScratch, scratch, 1);
  uint32_t found = 0;
  for (int first = 0; first < batch; first += kBlockThreads) {
    const int query = first + static_cast<int>(threadIdx.x);
    const bool flagged = query < batch && missed[1 + query] != 0;
    uint32_t total;
    const uint32_t place = block_scan(flagged ? 1 : 0, total, *scratch);
    if (flagged) missed[1 + found + place] = query;
    found += total;
    __syncthreads();
  }
  if (threadIdx.x == 0) missed[0] = static_cast<int32_t>(found);
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_select(void* stream, const float* bank, int64_t rows,
                                     int32_t dimension, const float* unit, int32_t batch,
                                     const float* bounds, const float* thresholds,
                                     const int32_t* counts, uint64_t* candidates, int64_t capacity,
                                     int32_t count, int32_t order, uint64_t* workspace,
                                     int32_t* ids, float* scores, int32_t* missed) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    require_capacity(capacity);
    require_count(rows, count);
    require_order(order);
    require_device({reads("bank", bank, rows, dimension), reads("unit", unit, batch, dimension),
                    reads("bounds", bounds, batch), reads("thresholds", thresholds, batch),
                    reads("counts", counts, batch, INVP_CUDA_COUNTER_STRIDE),
                    writes("candidates", candidates, batch, capacity),
                    writes("workspace", workspace, batch, capacity),
                    writes("ids", ids, batch, count), writes("scores", scores, batch, count),
                    writes("missed", missed, int64_t{batch} + 1)});
    const Selection selection{
        bank,   rows,       dimension, unit,     bounds, thresholds,
        counts, candidates, workspace, capacity, count,  order == INVP_CUDA_ORDER_SIMILARITY};
    INVP_LAUNCH(select_kernel, dim3(static_cast<unsigned>(batch)), dim3(kBlockThreads), 0, stream,
                selection, ids, scores, missed);
    INVP_LAUNCH(missed_kernel, dim3(1), dim3(kBlockThreads), 0, stream, missed, batch);
  });
}
