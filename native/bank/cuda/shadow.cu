/*
 * The fp16 shadow of the bank, which the tensor cores read, and the fp16 queries. A warp takes a
 * row: it reads, rounds and writes it once, padding included, and adds up its norm on the way. The
 * largest norm of all rows enters every query's error bound (docs/cuda.md), so it is rounded
 * upwards.
 */
#include <cmath>

#include "arguments.h"
#include "block.cuh"
#include "rows.cuh"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kBlockThreads)
    shadow_kernel(const float* __restrict__ bank, int64_t rows, int dimension, int pitch,
                  uint16_t* shadow, float* largest_norm) {
  float largest = 0;
  const int64_t warps = static_cast<int64_t>(gridDim.x) * kBlockWarps;
  for (int64_t row = static_cast<int64_t>(blockIdx.x) * kBlockWarps + warp_of_thread(); row < rows;
       row += warps) {
    const float norm = shadow_row(bank + row * dimension, dimension, pitch, shadow + row * pitch);
    if (norm > largest) largest = norm;  // never a NaN
  }
  if (lane_of_thread() == 0) raise(largest_norm, largest);
}

/* Every number of the bound is rounded up or doubled where that is cheaper than an argument. */
__global__ void __launch_bounds__(kBlockThreads)
    queries_kernel(const float* __restrict__ unit, int batch, int dimension, int pitch,
                   const float* __restrict__ largest_norm, bool rounded_scores, uint16_t* queries,
                   float* bounds, int32_t* verdict) {
  const int64_t query = static_cast<int64_t>(blockIdx.x) * kBlockWarps + warp_of_thread();
  if (query >= batch) return;
  const float* const row = unit + query * dimension;
  const float norm = shadow_row(row, dimension, pitch, queries + query * pitch);
  bool good = true;
  for (int d = static_cast<int>(lane_of_thread()); d < dimension; d += kWarp)
    good = good && finite(row[d]);
  good = __all_sync(kAllLanes, good);
  if (lane_of_thread() != 0) return;
  if (!good) report(verdict, query);
  const float bank_norm = *largest_norm;
  const float product = norm * bank_norm, columns = static_cast<float>(dimension);
  const float operands = mutant(kBoundOfOneOperand) ? 0x1p-11f : 0x1.01p-10f;
  const float relative =
      operands + (rounded_scores ? 0x1.02p-11f : 0.0f) + (columns + 16) * 0x1p-21f + 0x1p-19f;
  const float subnormal = mutant(kBoundForgetsSubnormals)
                              ? 0.0f
                              : 0x1.1p-25f * sqrtf(columns) * (norm + bank_norm) +
                                    columns * 0x1p-48f + (rounded_scores ? 0x1p-24f : 0.0f);
  // Scores stored in fp16 end at 65504.
  bounds[query] = rounded_scores && product > 65000.0f ? INFINITY : product * relative + subnormal;
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_pitch(int32_t dimension, int32_t* pitch) {
  return invp::guard([&] {
    require_results(pitch);
    require_shape(1, dimension);
    *pitch = pitch_of(dimension);
  });
}

INVP_EXPORT int32_t invp_cuda_shadow(void* stream, const float* bank, int64_t rows,
                                     int32_t dimension, uint16_t* shadow, float* largest_norm) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_device({reads("bank", bank, rows, dimension),
                    writes("shadow", shadow, rows, pitch_of(dimension)),
                    writes("largest_norm", largest_norm, 1)});
    zero(stream, largest_norm, sizeof(float));
    const int64_t wanted = (rows + kBlockWarps - 1) / kBlockWarps;
    INVP_LAUNCH(shadow_kernel, dim3(static_cast<unsigned>(wanted < 4096 ? wanted : 4096)),
                dim3(kBlockThreads), 0, stream, bank, rows, dimension, pitch_of(dimension), shadow,
                largest_norm);
  });
}

INVP_EXPORT int32_t invp_cuda_prepare_queries(void* stream, const float* unit, int32_t batch,
                                              int32_t dimension, const float* largest_norm,
                                              int32_t rounded_scores, uint16_t* queries,
                                              float* bounds, int32_t* verdict) {
  return invp::guard([&] {
    require_shape(1, dimension);
    require_batch(batch);
    require_device({reads("unit", unit, batch, dimension), reads("largest_norm", largest_norm, 1),
                    writes("queries", queries, batch, pitch_of(dimension)),
                    writes("bounds", bounds, batch), writes("verdict", verdict, 1)});
    zero(stream, verdict, sizeof(int32_t));
    INVP_LAUNCH(queries_kernel, dim3(blocks(batch, kBlockWarps)), dim3(kBlockThreads), 0, stream,
                unit, batch, dimension, pitch_of(dimension), largest_norm, rounded_scores != 0,
                queries, bounds, verdict);
  });
}
