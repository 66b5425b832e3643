/*
 * The search that cannot miss, for the few queries that were not certified: canonical scores of
 * every row, then the M best. What makes queries miss (a bank of one cluster, ties by the thousand,
 * values that fp16 cannot hold) may make all of them miss, so this is a blocked product like any
 * other, 128 rows x 32 queries a block and 4 x 4 a thread; only that each sum is one chain of fused
 * multiply-adds in ascending order, in fp32 on the ordinary cores. Its scores are written out,
 * [group, rows], which is why the caller takes the queries in groups.
 */
#include <cmath>

#include "arguments.h"
#include "block.cuh"
#include "rows.cuh"

namespace invp::cuda {
namespace {

constexpr int kTileRows = 128, kTileQueries = 32, kColumns = 16;
constexpr int kRowPitch = kTileRows + 4, kQueryPitch = kTileQueries + 4;

/* Which query the group's i-th is; -1 beyond the end of the list, and where the list names none. */
__device__ inline int query_of(const int32_t* missed, int batch, int first, int i) {
  const int query = first + i < missed[0] ? missed[1 + first + i] : -1;
  return outside(query, batch) ? -1 : query;
}

__global__ void __launch_bounds__(kBlockThreads)
    exact_scores_kernel(const float* __restrict__ bank, int64_t rows, int dimension,
                        const float* __restrict__ unit, const int32_t* __restrict__ missed,
                        int batch, int first, int group, float* scores) {
  // Transposed: a thread reads its four rows, and its four queries, with one load each.
  INVP_SHARED(float, row_tile, kColumns* kRowPitch);
  INVP_SHARED(float, query_tile, kColumns* kQueryPitch);
  const int64_t first_row = static_cast<int64_t>(blockIdx.x) * kTileRows;
  const int first_query = static_cast<int>(blockIdx.y) * kTileQueries;
  const int thread = static_cast<int>(threadIdx.x);
  const int own_row = thread % kWarp * 4, own_query = thread / kWarp * 4;
  float sums[4][4] = {};
  for (int column = 0; column < dimension; column += kColumns) {
    for (int i = thread; i < kTileRows * kColumns; i += kBlockThreads) {
      const int row = i / kColumns, d = i % kColumns;
      const bool real = first_row + row < rows && column + d < dimension;
      row_tile[d * kRowPitch + row] =
          real ? bank[(first_row + row) * dimension + column + d] : 0.0f;
    }
    for (int i = thread; i < kTileQueries * kColumns; i += kBlockThreads) {
      const int at = first_query + i / kColumns, d = i % kColumns;
      const int query = at < group ? query_of(missed, batch, first, at) : -1;
      const bool real = query >= 0 && column + d < dimension;
      query_tile[d * kQueryPitch + i / kColumns] =
          real ? unit[static_cast<int64_t>(query) * dimension + column + d] : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int d = 0; d < kColumns; ++d) {
      const float4 x = *reinterpret_cast<const float4*>(row_tile + d * kRowPitch + own_row);
      const float4 q = *reinterpret_cast<const float4*>(query_tile + d * kQueryPitch + own_query);
      const float row_values[4] = {x.x, x.y, x.z, x.w}, query_values[4] = {q.x, q.y, q.z, q.w};
#pragma unroll
      for (int r = 0; r < 4; ++r)
#pragma unroll
        for (int c = 0; c < 4; ++c) sums[r][c] = fmaf(query_values[c], row_values[r], sums[r][c]);
    }
    __syncthreads();
  }
#pragma unroll
  for (int c = 0; c < 4; ++c)
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int64_t row = first_row + own_row + r;
      if (first_query + own_query + c < group && row < rows)
        scores[(first_query + own_query + c) * rows + row] = sums[r][c] + 0.0f;
    }
}

/* 0 where a row cannot be ranked. */
__device__ inline RankKey exact_key(float score, int64_t row) {
  const bool ranked = mutant(kRepairIgnoresNaN) || score > -INFINITY;
  return ranked ? bank::rank_key(score, static_cast<int32_t>(row)) : 0;
}

__global__ void __launch_bounds__(kBlockThreads)
    exact_select_kernel(const float* __restrict__ all_scores, int64_t rows,
                        const int32_t* __restrict__ missed, int batch, int first, int count,
                        bool by_score, RankKey* keys, int32_t* ids, float* scores,
                        int32_t* verdict) {
  INVP_SHARED(BlockScratch, scratch, 1);
  INVP_SHARED(int64_t, warp_keys, kBlockWarps);
  const int64_t query = query_of(missed, batch, first, static_cast<int>(blockIdx.x));
  if (query < 0) return;
  const float* const row_scores = all_scores + static_cast<int64_t>(blockIdx.x) * rows;
  const Nth best = block_nth_largest([=](int64_t i) { return exact_key(row_scores[i], i); }, rows,
                                     static_cast<uint32_t>(count), *scratch);
  if (best.key == 0) {
    if (threadIdx.x == 0) report(verdict, query);
    return;
  }
  // Each warp takes a run of rows, counts, and then writes behind the runs before it: ids ascend.
  const int64_t run = (rows + kBlockThreads - 1) / kBlockThreads * kWarp;
  const int64_t begin = static_cast<int64_t>(warp_of_thread()) * run;
  const int64_t end = begin + run < rows ? begin + run : rows;
  unsigned own = 0;
  for (int64_t i = begin + lane_of_thread(); i < end; i += kWarp)
    own += exact_key(row_scores[i], i) >= best.key ? 1 : 0;
  own = __reduce_add_sync(kAllLanes, own);
  if (lane_of_thread() == 0) warp_keys[warp_of_thread()] = own;
  __syncthreads();
  int64_t place = 0;
  for (uint32_t warp = 0; warp < warp_of_thread(); ++warp) place += warp_keys[warp];
  RankKey* const list = keys + static_cast<int64_t>(blockIdx.x) * 2 * count;
  for (int64_t i = begin; i < end; i += kWarp) {
    const int64_t row = i + lane_of_thread();
    const RankKey key = row < end ? exact_key(row_scores[row], row) : 0;
    const bool kept = row < end && key >= best.key;
    const uint32_t peers = __ballot_sync(kAllLanes, kept);
    if (kept) list[place + __popc(peers & lanes_below())] = key;
    place += __popc(peers);
  }
  __syncthreads();
  const RankKey* const sorted =
      by_score ? block_sort(list, list + count, count, rows, true, *scratch) : list;
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kBlockThreads) {
    ids[query * count + i] = bank::rank_id(sorted[i]);
    scores[query * count + i] = bank::rank_score(sorted[i]);
  }
}

int64_t score_bytes(int64_t rows, int32_t group) { return (4 * rows * group + 15) / 16 * 16; }

int64_t workspace_bytes_of(int64_t rows, int32_t count, int32_t group) {
  return score_bytes(rows, group) + int64_t{16} * count * group;
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_repair_workspace(int64_t rows, int32_t count, int32_t group,
                                               int64_t* bytes) {
  return invp::guard([&] {
    require_results(bytes);
    require_shape(rows, 1);
    require_count(rows, count);
    invp::require(group >= 1 && group <= 65535, "group must be 1 to 65535");
    *bytes = workspace_bytes_of(rows, count, group);
  });
}

INVP_EXPORT int32_t invp_cuda_repair(void* stream, const float* bank, int64_t rows,
                                     int32_t dimension, const float* unit, int32_t batch,
                                     const int32_t* missed, int32_t first, int32_t group,
                                     int32_t count, int32_t order, void* workspace,
                                     int64_t workspace_bytes, int32_t* ids, float* scores,
                                     int32_t* verdict) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    require_count(rows, count);
    require_order(order);
    invp::require(first >= 0 && group >= 1 && group <= batch - first,
                  "the group reaches beyond the batch");
    require_workspace(workspace_bytes, workspace_bytes_of(rows, count, group));
    require_device({reads("bank", bank, rows, dimension), reads("unit", unit, batch, dimension),
                    reads("missed", missed, int64_t{batch} + 1),
                    writes("workspace", static_cast<unsigned char*>(workspace), workspace_bytes),
                    writes("ids", ids, batch, count), writes("scores", scores, batch, count),
                    writes("verdict", verdict, 1)});
    auto* const all_scores = static_cast<float*>(workspace);
    auto* const keys = reinterpret_cast<RankKey*>(static_cast<unsigned char*>(workspace) +
                                                  score_bytes(rows, group));
    zero(stream, verdict, sizeof(int32_t));
    INVP_LAUNCH(exact_scores_kernel, dim3(blocks(rows, kTileRows), blocks(group, kTileQueries)),
                dim3(kBlockThreads), 0, stream, bank, rows, dimension, unit, missed, batch, first,
                group, all_scores);
    INVP_LAUNCH(exact_select_kernel, dim3(static_cast<unsigned>(group)), dim3(kBlockThreads), 0,
                stream, all_scores, rows, missed, batch, first, count,
                order == INVP_CUDA_ORDER_SIMILARITY, keys, ids, scores, verdict);
  });
}
