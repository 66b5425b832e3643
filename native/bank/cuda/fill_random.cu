/* The published start of the memory bank: a counter-based generator, so that a value depends on the
 * seed and its place alone, and the bits are the CPU engine's. Four values per thread, written
 * together. */
#include <cmath>

#include "arguments.h"
#include "mix.h"
#include "platform.cuh"

namespace invp::cuda {
namespace {

constexpr int kThreads = 256;

__device__ inline float random_value(uint64_t key, int64_t place, double bound) {
  const double unit =
      static_cast<double>(bank::mix(key ^ static_cast<uint64_t>(place)) >> 11) * 0x1p-53;
  return static_cast<float>((2 * unit - 1) * bound);
}

__global__ void __launch_bounds__(kThreads)
    fill_random_kernel(float* bank, int64_t values, uint64_t key, double bound) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads * 4;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) * 4; i < values;
       i += step) {
    if (i + 4 <= values) {
      *reinterpret_cast<float4*>(bank + i) =
          float4{random_value(key, i, bound), random_value(key, i + 1, bound),
                 random_value(key, i + 2, bound), random_value(key, i + 3, bound)};
    } else {
      for (int64_t j = i; j < values; ++j) bank[j] = random_value(key, j, bound);
    }
  }
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_fill_random(void* stream, float* bank, int64_t rows,
                                          int32_t dimension, uint64_t seed) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_device({writes("bank", bank, rows, dimension)});
    const int64_t values = rows * dimension, wanted = (values + 4 * kThreads - 1) / (4 * kThreads);
    const double bound = 1 / std::sqrt(dimension / 3.0);
    const uint64_t key = invp::bank::mix(seed);
    INVP_LAUNCH(fill_random_kernel, dim3(static_cast<unsigned>(wanted < 8192 ? wanted : 8192)),
                dim3(kThreads), 0, stream, bank, values, key, bound);
  });
}
