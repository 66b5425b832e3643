/* Unit embeddings, their norms, and the mean cosine of the batch. A block per row; squares are
 * computed in parallel and added in double in the CPU engine's order. The columns' totals take one
 * block: B x D values, 128 KiB at most sizes. */
#include <cmath>

#include "arguments.h"
#include "rows.cuh"
#include "sums.cuh"

namespace invp::cuda {
namespace {

// A norm that float32 cannot hold as a normal number would make the gradient infinite.
constexpr double kSmallestNorm = 1.2e-38;

__global__ void __launch_bounds__(kRowThreads)
    normalise_kernel(const float* embeddings, int dimension, float* unit, float* norms,
                     int32_t* verdicts) {
  INVP_SHARED(double, stage, kRowThreads + 1);
  const int64_t first = static_cast<int64_t>(blockIdx.x) * dimension;
  const float* const row = embeddings + first;
  bool good = true;
  for (int d = static_cast<int>(threadIdx.x); d < dimension; d += kRowThreads)
    good = good && finite(row[d]);
  good = __syncthreads_and(good ? 1 : 0) != 0;
  const double norm = sqrt(serial_dot(row, row, dimension, stage));
  for (int d = static_cast<int>(threadIdx.x); d < dimension; d += kRowThreads)
    unit[first + d] = static_cast<float>(static_cast<double>(row[d]) / norm);
  if (threadIdx.x == 0) {
    norms[blockIdx.x] = static_cast<float>(norm);
    if (!good) report(verdicts, blockIdx.x);
    if (norm < kSmallestNorm) report(verdicts + 1, blockIdx.x);
  }
}

__global__ void __launch_bounds__(kRowThreads)
    mean_cosine_kernel(const float* __restrict__ unit, int batch, int dimension,
                       double* mean_cosine) {
  INVP_SHARED(double, stage, kRowThreads + 1);
  const double square = serial_sum(
      [=](int64_t d) {
        double total = 0;
        for (int b = 0; b < batch; ++b)
          total += static_cast<double>(unit[static_cast<int64_t>(b) * dimension + d]);
        return total * total;
      },
      dimension, stage);
  if (threadIdx.x == 0)
    *mean_cosine = batch < 2 ? 0 : (square - batch) / (static_cast<double>(batch) * (batch - 1));
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_normalise(void* stream, const float* embeddings, int32_t batch,
                                        int32_t dimension, float* unit, float* norms,
                                        double* mean_cosine, int32_t* verdicts) {
  return invp::guard([&] {
    require_shape(1, dimension);
    require_batch(batch);
    // In place as a whole is allowed.
    const int32_t apart = embeddings == unit ? 0 : dimension;
    require_device({reads("embeddings", embeddings, batch, apart),
                    writes("unit", unit, batch, dimension), writes("norms", norms, batch),
                    writes("mean_cosine", mean_cosine, 1), writes("verdicts", verdicts, 2)});
    zero(stream, verdicts, 2 * sizeof(int32_t));
    INVP_LAUNCH(normalise_kernel, dim3(static_cast<unsigned>(batch)), dim3(kRowThreads), 0, stream,
                embeddings, dimension, unit, norms, verdicts);
    INVP_LAUNCH(mean_cosine_kernel, dim3(1), dim3(kRowThreads), 0, stream, unit, batch, dimension,
                mean_cosine);
  });
}
