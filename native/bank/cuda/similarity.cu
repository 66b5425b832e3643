/*
 * The similarity kernel: fp16 shadow rows times fp16 queries on the tensor cores, scores compared
 * with their query's threshold while they are still in registers. Of 2 B N D operations' worth of
 * scores half a percent ever reach memory.
 *
 * A block computes 128 rows x 128 queries with eight warps (4 x 2), each 32 x 64 in mma.m16n8k16
 * steps: 64 accumulators a thread. Operands arrive 32 columns at a time by 16-byte asynchronous
 * copies into two stages of shared memory, the next stage while this one is multiplied. Rows lie 40
 * halves apart there, so that the eight 16-byte rows of an ldmatrix fall into different banks. Rows
 * and queries beyond the end are copied as zeros and never compared.
 *
 * Query tiles of one row tile are neighbours in the grid, so the second reads the rows from the
 * second-level cache: the shadow crosses the memory bus once.
 *
 * Candidates are appended in whatever order the blocks run; the selection sorts. The lanes of a
 * warp that hit for the same query take one ticket together. Counters lie a sector apart
 * (INVP_CUDA_COUNTER_STRIDE): side by side, all blocks would queue at the few memory slices that
 * hold them.
 */
#include "arguments.h"
#include "block.cuh"
#include "intrinsics.cuh"
#include "mutants.cuh"

namespace invp::cuda {
namespace {

constexpr int kTileRows = 128, kTileQueries = 128, kColumns = 32, kPitch = 40;
constexpr int kThreads = 256;
constexpr int kWarpRows = 32, kWarpQueries = 64;
constexpr int kRowSteps = kWarpRows / 16, kQuerySteps = kWarpQueries / 8;
constexpr int kOperand = kTileRows * kPitch; /* halves of one operand in one stage */
static_assert(kTileRows == kTileQueries, "one copy routine serves both operands");

struct Operand {
  const uint16_t* first; /* the tile's first row */
  int64_t stride;        /* halves from row to row */
  int valid;             /* rows that exist, may be more than a tile's */
};

/* 32 columns of 128 rows: four threads a row, 16 bytes each. */
__device__ inline void copy_operand(const Operand& from, int column, uint16_t* to) {
  constexpr int kParts = kColumns / 8;
  const int part = static_cast<int>(threadIdx.x) % kParts * 8;
  for (int row = static_cast<int>(threadIdx.x) / kParts; row < kTileRows;
       row += kThreads / kParts) {
    const bool valid = row < from.valid;
    const uint16_t* at = valid ? from.first + row * from.stride + column + part : from.first;
    copy_async<16>(to + row * kPitch + part, at, valid);
  }
}

/* sums[i][j] of this warp: 16 rows x 8 queries each, as the tensor core leaves them. */
using Sums = float[kRowSteps][kQuerySteps][4];

__device__ inline void multiply_stage(const uint16_t* rows, const uint16_t* queries, Sums& sums) {
  const int lane = static_cast<int>(lane_of_thread());
  const int warp = static_cast<int>(warp_of_thread());
  const uint16_t* const warp_rows = rows + warp / 2 * kWarpRows * kPitch;
  const uint16_t* const warp_queries = queries + warp % 2 * kWarpQueries * kPitch;
#pragma unroll
  for (int k = 0; k < kColumns; k += 16) {
    uint32_t a[kRowSteps][4];
#pragma unroll
    for (int i = 0; i < kRowSteps; ++i)
      load_matrices(a[i], warp_rows + (i * 16 + lane % 16) * kPitch + k + lane / 16 * 8);
#pragma unroll
    for (int j = 0; j < kQuerySteps; j += 2) {
      uint32_t b[4];
      load_matrices(
          b, warp_queries + (j * 8 + lane % 8 + lane / 16 * 8) * kPitch + k + lane / 8 % 2 * 8);
#pragma unroll
      for (int i = 0; i < kRowSteps; ++i) {
        multiply_add(sums[i][j], a[i], b[0], b[1]);
        multiply_add(sums[i][j + 1], a[i], b[2], b[3]);
      }
    }
  }
}

__device__ inline void multiply_tile(const Operand& rows, const Operand& queries, int pitch,
                                     uint16_t* stages, Sums& sums) {
#pragma unroll
  for (int i = 0; i < kRowSteps; ++i)
#pragma unroll
    for (int j = 0; j < kQuerySteps; ++j)
#pragma unroll
      for (int part = 0; part < 4; ++part) sums[i][j][part] = 0;
  copy_operand(rows, 0, stages);
  copy_operand(queries, 0, stages + kOperand);
  copy_async_commit();
  for (int column = 0, stage = 0; column < pitch; column += kColumns, stage ^= 1) {
    uint16_t* const now = stages + stage * 2 * kOperand;
    if (column + kColumns < pitch) {
      uint16_t* const next = stages + (stage ^ 1) * 2 * kOperand;
      copy_operand(rows, column + kColumns, next);
      copy_operand(queries, column + kColumns, next + kOperand);
      copy_async_commit();
      if (!mutant(kWaitsForNoCopy)) copy_async_wait<1>();
    } else {
      copy_async_wait<0>();
    }
    if (!mutant(kNoBarrierAfterCopy)) __syncthreads();
    multiply_stage(now, now + kOperand, sums);
    if (!mutant(kNoBarrierBeforeCopy)) __syncthreads();
  }
}

struct Grid {
  int query_tiles;
  int pitch;
  int batch;
};

/* The tile of this block: its operands. */
__device__ inline void tile_operands(const uint16_t* shadow, int64_t row_stride, int64_t count,
                                     const uint16_t* queries, const Grid& grid, int64_t& first_row,
                                     int& first_query, Operand& rows, Operand& columns) {
  first_row = static_cast<int64_t>(blockIdx.x) / grid.query_tiles * kTileRows;
  first_query =
      static_cast<int>(blockIdx.x % static_cast<unsigned>(grid.query_tiles)) * kTileQueries;
  const int64_t left = count - first_row;
  rows = {shadow + first_row * row_stride, row_stride,
          static_cast<int>(left < kTileRows ? left : kTileRows)};
  columns = {queries + static_cast<int64_t>(first_query) * grid.pitch, grid.pitch,
             grid.batch - first_query};
}

/* Where in the tile sums[i][j][part] of this thread lies. */
__device__ inline int row_of(int i, int part) {
  return static_cast<int>(warp_of_thread()) / 2 * kWarpRows + i * 16 +
         static_cast<int>(lane_of_thread()) / 4 + part / 2 * 8;
}
__device__ inline int query_of(int j, int part) {
  return static_cast<int>(warp_of_thread()) % 2 * kWarpQueries + j * 8 +
         static_cast<int>(lane_of_thread()) % 4 * 2 + part % 2;
}

__global__ void __launch_bounds__(kThreads, 2)
    similar_kernel(const uint16_t* __restrict__ shadow, int64_t first, int64_t count,
                   const uint16_t* __restrict__ queries, Grid grid,
                   const float* __restrict__ thresholds, int32_t* counts, RankKey* candidates,
                   int64_t capacity) {
  INVP_SHARED(uint16_t, stages, 4 * kOperand);
  INVP_SHARED(float, bounds, kTileQueries);
  int64_t first_row;
  int first_query;
  Operand rows, columns;
  tile_operands(shadow + first * grid.pitch, grid.pitch, count, queries, grid, first_row,
                first_query, rows, columns);
  // Read after the barriers of the product.
  if (threadIdx.x < kTileQueries) {
    bounds[threadIdx.x] = static_cast<int>(threadIdx.x) < columns.valid
                              ? thresholds[first_query + static_cast<int>(threadIdx.x)]
                              : 0.0f;
  }
  Sums sums;
  multiply_tile(rows, columns, grid.pitch, stages, sums);
  const int valid_rows = rows.valid + (mutant(kOneRowTooMany) ? 1 : 0);
#pragma unroll
  for (int j = 0; j < kQuerySteps; ++j) {
    // This thread's two queries of the step; +infinity would still let a +infinity pass, so padding
    // is masked.
    const int query = query_of(j, 0);
    const float bound[2] = {bounds[query], bounds[query + 1]};
    const bool real[2] = {query < columns.valid, query + 1 < columns.valid};
#pragma unroll
    for (int i = 0; i < kRowSteps; ++i) {
      bool hit[4];
      bool any = false;
#pragma unroll
      for (int part = 0; part < 4; ++part) {
        const bool passes = mutant(kStrictThreshold) ? sums[i][j][part] > bound[part % 2]
                                                     : sums[i][j][part] >= bound[part % 2];
        hit[part] = passes && real[part % 2] && row_of(i, part) < valid_rows;
        any = any || hit[part];
      }
      if (!__any_sync(kAllLanes, any)) continue;
#pragma unroll
      for (int part = 0; part < 4; ++part) {
        // Lanes that differ by a multiple of four hold scores of the same query.
        const uint32_t same_query = mutant(kShrunkenMask) ? 0x01111111u : 0x11111111u;
        const uint32_t peers =
            __ballot_sync(kAllLanes, hit[part]) & (same_query << (lane_of_thread() % 4));
        const int leader = __ffs(static_cast<int>(peers)) - 1;
        int32_t ticket = 0;
        if (hit[part] && leader == static_cast<int>(lane_of_thread())) {
          ticket = atomicAdd(counts + static_cast<int64_t>(first_query + query + part % 2) *
                                          INVP_CUDA_COUNTER_STRIDE,
                             __popc(peers));
        }
        ticket = __shfl_sync(kAllLanes, ticket, leader < 0 ? 0 : leader);
        if (hit[part]) {
          const int64_t at = int64_t{ticket} + __popc(peers & lanes_below());
          // A count that the caller spoilt may be negative.
          if (mutant(kNoCapacityCheck) || (at >= 0 && at < capacity)) {
            const auto id = static_cast<int32_t>(first + first_row + row_of(i, part));
            candidates[(first_query + query + part % 2) * capacity + at] =
                bank::rank_key(sums[i][j][part], id);
          }
        }
      }
    }
  }
}

__global__ void __launch_bounds__(kThreads, 2)
    sample_scores_kernel(const uint16_t* __restrict__ shadow, int64_t row_stride, int64_t size,
                         const uint16_t* __restrict__ queries, Grid grid, float* scores) {
  INVP_SHARED(uint16_t, stages, 4 * kOperand);
  int64_t first_row;
  int first_query;
  Operand rows, columns;
  tile_operands(shadow, row_stride, size, queries, grid, first_row, first_query, rows, columns);
  Sums sums;
  multiply_tile(rows, columns, grid.pitch, stages, sums);
#pragma unroll
  for (int i = 0; i < kRowSteps; ++i)
#pragma unroll
    for (int j = 0; j < kQuerySteps; ++j)
#pragma unroll
      for (int part = 0; part < 4; ++part) {
        if (row_of(i, part) < rows.valid && query_of(j, part) < columns.valid)
          scores[(first_query + query_of(j, part)) * size + first_row + row_of(i, part)] =
              sums[i][j][part];
      }
}

Grid grid_of(int32_t batch, int32_t dimension) {
  return {static_cast<int>(blocks(batch, kTileQueries)), pitch_of(dimension), batch};
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_sample_scores(void* stream, const uint16_t* shadow, int64_t rows,
                                            int32_t dimension, int64_t size, int64_t stride,
                                            const uint16_t* queries, int32_t batch, float* scores) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    invp::require(size >= 1 && stride >= 1 && (size - 1) <= (rows - 1) / stride,
                  "the sample reaches beyond the bank");
    require_device({reads("shadow", shadow, rows, pitch_of(dimension)),
                    reads("queries", queries, batch, pitch_of(dimension)),
                    writes("scores", scores, batch, size)});
    const Grid grid = grid_of(batch, dimension);
    INVP_LAUNCH(sample_scores_kernel,
                dim3(blocks(size, kTileRows) * static_cast<unsigned>(grid.query_tiles)),
                dim3(kThreads), 0, stream, shadow, stride * grid.pitch, size, queries, grid,
                scores);
  });
}

INVP_EXPORT int32_t invp_cuda_similar(void* stream, const uint16_t* shadow, int64_t rows,
                                      int32_t dimension, int64_t first, int64_t count,
                                      const uint16_t* queries, int32_t batch,
                                      const float* thresholds, int32_t* counts,
                                      uint64_t* candidates, int64_t capacity) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    require_capacity(capacity);
    invp::require(first >= 0 && count >= 1 && count <= rows - first,
                  "the rows asked for reach beyond the bank");
    require_device({reads("shadow", shadow, rows, pitch_of(dimension)),
                    reads("queries", queries, batch, pitch_of(dimension)),
                    reads("thresholds", thresholds, batch),
                    writes("counts", counts, batch, INVP_CUDA_COUNTER_STRIDE),
                    writes("candidates", candidates, batch, capacity)});
    const Grid grid = grid_of(batch, dimension);
    // The grid's first dimension ends at 2^31 - 1 blocks.
    const int64_t most = (int64_t{1} << 30) / grid.query_tiles * kTileRows;
    for (int64_t done = 0; done < count; done += most) {
      const int64_t from = first + done, now = count - done < most ? count - done : most;
      INVP_LAUNCH(similar_kernel,
                  dim3(blocks(now, kTileRows) * static_cast<unsigned>(grid.query_tiles)),
                  dim3(kThreads), 0, stream, shadow, from, now, queries, grid, thresholds, counts,
                  candidates, capacity);
    }
  });
}
