/* The momentum update of the anchors' bank rows and of their fp16 shadow, a block per anchor. Of a
 * repeated anchor only the last writes. All anchors are looked at before the first row is written,
 * so that a step is written whole or not at all. */
#include <cmath>

#include "arguments.h"
#include "rows.cuh"
#include "sums.cuh"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kRowThreads)
    check_update_kernel(int64_t rows, int dimension, const int32_t* __restrict__ anchors,
                        const float* __restrict__ unit, int32_t* verdicts) {
  const int64_t position = blockIdx.x;
  if (threadIdx.x == 0 && outside(anchors[position], rows)) report(verdicts, position);
  for (int d = static_cast<int>(threadIdx.x); d < dimension; d += kRowThreads) {
    if (!finite(unit[position * dimension + d])) report(verdicts + 1, position);
  }
}

__global__ void __launch_bounds__(kRowThreads)
    update_kernel(float* bank, int dimension, int pitch, uint16_t* shadow, float* largest_norm,
                  const int32_t* __restrict__ anchors, int batch, const float* __restrict__ unit,
                  float momentum, const int32_t* __restrict__ verdicts) {
  INVP_SHARED(double, stage, kRowThreads + 1);
  if (verdicts[0] != 0 || verdicts[1] != 0) return;
  const int position = static_cast<int>(blockIdx.x);
  if (superseded(anchors, batch, position)) return;
  const int64_t id = anchors[position];
  float* const row = bank + id * dimension;
  const float* const fresh = unit + static_cast<int64_t>(position) * dimension;
  for (int d = static_cast<int>(threadIdx.x); d < dimension; d += kRowThreads)
    row[d] = momentum * row[d] + (1 - momentum) * fresh[d];
  __syncthreads();
  const double norm = sqrt(serial_dot(row, row, dimension, stage));
  for (int d = static_cast<int>(threadIdx.x); d < dimension; d += kRowThreads)
    row[d] = norm == 0 ? fresh[d] : static_cast<float>(static_cast<double>(row[d]) / norm);
  __syncthreads();
  if (warp_of_thread() != 0) return;
  const float bound = shadow_row(row, dimension, pitch, shadow + id * pitch);
  if (lane_of_thread() == 0) raise(largest_norm, bound);
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_update(void* stream, float* bank, int64_t rows, int32_t dimension,
                                     uint16_t* shadow, float* largest_norm, const int32_t* anchors,
                                     int32_t batch, const float* unit, float momentum,
                                     int32_t* verdicts) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    invp::require(momentum >= 0 && momentum <= 1, "momentum must be between 0 and 1");
    require_device({writes("bank", bank, rows, dimension),
                    writes("shadow", shadow, rows, pitch_of(dimension)),
                    writes("largest_norm", largest_norm, 1), reads("anchors", anchors, batch),
                    reads("unit", unit, batch, dimension), writes("verdicts", verdicts, 2)});
    INVP_LAUNCH(check_update_kernel, dim3(static_cast<unsigned>(batch)), dim3(kRowThreads), 0,
                stream, rows, dimension, anchors, unit, verdicts);
    INVP_LAUNCH(update_kernel, dim3(static_cast<unsigned>(batch)), dim3(kRowThreads), 0, stream,
                bank, dimension, pitch_of(dimension), shadow, largest_norm, anchors, batch, unit,
                momentum, verdicts);
  });
}
