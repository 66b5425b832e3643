/*
 * Canonical scores of gathered rows: the chain of fused multiply-adds over ascending dimensions is serial, so a lane takes
 * a row, and a warp takes 32. Read directly, 32 rows would touch 32 lines for every dimension; instead the warp copies 16
 * columns of all its rows to shared memory with 16-byte asynchronous copies, the next 16 while it works on these. Rows
 * lie 20 floats apart there: eight lanes' 16-byte reads then fall into different banks.
 */
#ifndef INVP_CUDA_SCORES_CUH
#define INVP_CUDA_SCORES_CUH

#include "block.cuh"
#include "intrinsics.cuh"

namespace invp::cuda {

constexpr int kScoreColumns = 16, kScorePitch = 20;
constexpr int kScoreTile = kWarp * kScorePitch;   /* floats of one stage */
constexpr int kScoreFloats = 2 * kScoreTile;      /* floats of shared memory per warp */
constexpr int kScoreBytes = kBlockWarps * kScoreFloats * static_cast<int>(sizeof(float));

/* Columns [column, column + 16) of the rows that the lanes hold (id < 0: none) to `tile`. kWords: floats per copy. */
template <int kWords>
__device__ void copy_columns(const float* bank, int dimension, int32_t id, int column, float* tile) {
  constexpr int kPerRow = kScoreColumns / kWords, kRowsAtOnce = kWarp / kPerRow;
  const int part = static_cast<int>(lane_of_thread()) % kPerRow * kWords;
  for (int first = 0; first < kWarp; first += kRowsAtOnce) {
    const int row = first + static_cast<int>(lane_of_thread()) / kPerRow;
    const int32_t row_id = __shfl_sync(kAllLanes, id, row);
    const bool valid = row_id >= 0 && column + part < dimension;
    const float* from =
        valid ? bank + static_cast<int64_t>(row_id) * dimension + column + part : bank;
    copy_async<kWords * 4>(tile + row * kScorePitch + part, from, valid);
  }
  copy_async_commit();
}

/* The score of `query` and row `id` of each lane; 0 where id < 0. All lanes of the warp call. */
template <int kWords>
__device__ float warp_scores_of(const float* bank, int dimension, const float* query, int32_t id,
                                float* tiles) {
  const float* const own = tiles + lane_of_thread() * kScorePitch;
  float sum = 0;
  copy_columns<kWords>(bank, dimension, id, 0, tiles);
  for (int column = 0, stage = 0; column < dimension; column += kScoreColumns, stage ^= 1) {
    const int next = column + kScoreColumns;
    if (next < dimension) {
      copy_columns<kWords>(bank, dimension, id, next, tiles + (stage ^ 1) * kScoreTile);
      copy_async_wait<1>();
    } else {
      copy_async_wait<0>();
    }
    __syncwarp();
    const float* const values = own + stage * kScoreTile;
    if constexpr (kWords == 4) {
#pragma unroll
      for (int part = 0; part < kScoreColumns; part += 4) {
        if (column + part >= dimension) break;
        const float4 q = *reinterpret_cast<const float4*>(query + column + part);
        const float4 x = *reinterpret_cast<const float4*>(values + part);
        sum = fmaf(q.x, x.x, sum);
        sum = fmaf(q.y, x.y, sum);
        sum = fmaf(q.z, x.z, sum);
        sum = fmaf(q.w, x.w, sum);
      }
    } else {
      for (int part = 0; part < kScoreColumns && column + part < dimension; ++part)
        sum = fmaf(query[column + part], values[part], sum);
    }
    __syncwarp();
  }
  return id < 0 ? 0.0f : sum + 0.0f;
}

__device__ inline float warp_scores(const float* bank, int dimension, const float* query,
                                    int32_t id, float* tiles) {
  return dimension % 4 == 0 ? warp_scores_of<4>(bank, dimension, query, id, tiles)
                            : warp_scores_of<1>(bank, dimension, query, id, tiles);
}

}  // namespace invp::cuda

#endif
