/* Finds the first row that holds a NaN or an infinity. Reads 16 bytes per load and writes only when
 * something is wrong. */
#include "arguments.h"
#include "rows.cuh"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kBlockThreads)
    check_finite_kernel(const float* __restrict__ rows, int64_t values, int dimension,
                        int32_t* verdict) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kBlockThreads * 4;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * kBlockThreads + threadIdx.x) * 4; i < values;
       i += step) {
    if (i + 4 <= values) {
      const float4 x = *reinterpret_cast<const float4*>(rows + i);
      if (finite(x.x) && finite(x.y) && finite(x.z) && finite(x.w)) continue;
    }
    for (int64_t j = i; j < i + 4 && j < values; ++j) {
      if (!finite(rows[j])) report(verdict, j / dimension);
    }
  }
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_check_finite(void* stream, const float* rows, int64_t count,
                                           int32_t dimension, int32_t* verdict) {
  return invp::guard([&] {
    require_shape(count, dimension);
    require_device({reads("rows", rows, count, dimension), writes("verdict", verdict, 1)});
    zero(stream, verdict, sizeof(int32_t));
    const int64_t values = count * dimension,
                  wanted = (values + 4 * kBlockThreads - 1) / (4 * kBlockThreads);
    INVP_LAUNCH(check_finite_kernel, dim3(static_cast<unsigned>(wanted < 8192 ? wanted : 8192)),
                dim3(kBlockThreads), 0, stream, rows, values, dimension, verdict);
  });
}
