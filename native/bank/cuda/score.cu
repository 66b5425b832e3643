/* Canonical scores of given rows, such as the positives of an anchor: a warp takes 32 ids of one
 * query (scores.cuh). */
#include "arguments.h"
#include "rows.cuh"
#include "scores.cuh"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kBlockThreads)
    score_kernel(const float* __restrict__ bank, int64_t rows, int dimension,
                 const float* __restrict__ unit, const int32_t* __restrict__ ids, int width,
                 float* scores, int32_t* verdict) {
  INVP_SHARED(float, memory, kBlockWarps* kScoreFloats);
  const int64_t query = blockIdx.y;
  const int64_t j = static_cast<int64_t>(blockIdx.x) * kBlockThreads + threadIdx.x;
  int32_t id = j < width ? ids[query * width + j] : -1;
  if (id != -1 && outside(id, rows)) {
    report(verdict, query);
    id = -1;
  }
  const float score = warp_scores(bank, dimension, unit + query * dimension, id,
                                  memory + warp_of_thread() * kScoreFloats);
  if (j < width) scores[query * width + j] = score;
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_score(void* stream, const float* bank, int64_t rows,
                                    int32_t dimension, const float* unit, int32_t batch,
                                    const int32_t* ids, int32_t width, float* scores,
                                    int32_t* verdict) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    invp::require(width >= 1, "width must be at least 1");
    require_device({reads("bank", bank, rows, dimension), reads("unit", unit, batch, dimension),
                    reads("ids", ids, batch, width), writes("scores", scores, batch, width),
                    writes("verdict", verdict, 1)});
    INVP_LAUNCH(score_kernel, dim3(blocks(width, kBlockThreads), static_cast<unsigned>(batch)),
                dim3(kBlockThreads), 0, stream, bank, rows, dimension, unit, ids, width, scores,
                verdict);
  });
}
