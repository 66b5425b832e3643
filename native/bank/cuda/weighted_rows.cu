/* For each anchor the weighted sum of the rows that it names, a block per anchor and 128 columns: a
 * shard's part of the gradient. Each column adds in the order of the list (weighted_rows.cuh), so
 * that the sums are the CPU engine's bits. */
#include "arguments.h"
#include "rows.cuh"
#include "weighted_rows.cuh"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kRowThreads)
    weighted_rows_kernel(const float* __restrict__ bank, int64_t rows, int dimension,
                         const int32_t* __restrict__ ids, const float* __restrict__ weights,
                         int width, const int32_t* __restrict__ counts, float* sums,
                         int32_t* verdict) {
  INVP_SHARED(int32_t, staged_ids, kRowThreads);
  INVP_SHARED(float, staged_weights, kRowThreads);
  const int64_t b = blockIdx.x;
  const int column = static_cast<int>(blockIdx.y * kRowThreads + threadIdx.x);
  const int inside = column < dimension ? column : dimension - 1;
  int count = counts[b];
  if (count < 0 || count > width || !ascending(ids + b * width, count, rows)) {
    if (threadIdx.x == 0) report(verdict, b);
    count = 0;
  }
  const float sum = add_rows(bank, dimension, inside, ids + b * width, weights + b * width, count,
                             0, staged_ids, staged_weights);
  if (column < dimension) sums[b * dimension + column] = sum;
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_weighted_rows(void* stream, const float* bank, int64_t rows,
                                            int32_t dimension, const int32_t* ids,
                                            const float* weights, int32_t batch, int32_t width,
                                            const int32_t* counts, float* sums, int32_t* verdict) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    invp::require(width >= 1, "width must be at least 1");
    require_device({reads("bank", bank, rows, dimension), reads("ids", ids, batch, width),
                    reads("weights", weights, batch, width), reads("counts", counts, batch),
                    writes("sums", sums, batch, dimension), writes("verdict", verdict, 1)});
    INVP_LAUNCH(weighted_rows_kernel,
                dim3(static_cast<unsigned>(batch), blocks(dimension, kRowThreads)),
                dim3(kRowThreads), 0, stream, bank, rows, dimension, ids, weights, width, counts,
                sums, verdict);
  });
}
