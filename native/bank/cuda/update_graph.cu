/* The anchors' new graph rows from their nearest rows, a block per anchor. Of a repeated anchor
 * only the last writes. All ids are looked at before the first row is written, so that a step is
 * written whole or not at all. */
#include "arguments.h"
#include "best.cuh"
#include "rows.cuh"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kBlockThreads)
    check_graph_kernel(int64_t rows, int neighbours, const int32_t* __restrict__ anchors,
                       const int32_t* __restrict__ nearest, int nearest_count, int32_t* verdict) {
  INVP_SHARED(int32_t, others, 1);
  const int64_t position = blockIdx.x;
  const int32_t anchor = anchors[position];
  if (threadIdx.x == 0) *others = 0;
  __syncthreads();
  bool bad = outside(anchor, rows);
  int32_t own = 0;
  for (int j = static_cast<int>(threadIdx.x); j < nearest_count; j += kBlockThreads) {
    const int32_t id = nearest[position * nearest_count + j];
    bad = bad || outside(id, rows);
    own += id == anchor ? 0 : 1;
  }
  atomicAdd(others, own);
  bad = __syncthreads_or(bad ? 1 : 0) != 0;
  if (threadIdx.x == 0 && (bad || *others < neighbours)) report(verdict, position);
}

__global__ void __launch_bounds__(kBlockThreads)
    update_graph_kernel(int32_t* graph, int neighbours, const int32_t* __restrict__ anchors,
                        int batch, const int32_t* __restrict__ nearest,
                        const float* __restrict__ nearest_scores, int nearest_count, bool official,
                        const int32_t* __restrict__ verdict) {
  INVP_DYNAMIC_SHARED(RankKey, list);
  INVP_SHARED(BlockScratch, scratch, 1);
  INVP_SHARED(int32_t, counter, 1);
  INVP_SHARED(unsigned long long, last, 1);
  if (*verdict != 0) return;
  const int position = static_cast<int>(blockIdx.x);
  const int32_t anchor = anchors[position];
  if (superseded(anchors, batch, position)) return;
  const int64_t first = static_cast<int64_t>(position) * nearest_count;
  const int taken = block_best(
      [=](int64_t j) {
        const int32_t id = nearest[first + j];
        return !official && id == anchor ? 0 : bank::rank_key(nearest_scores[first + j], id);
      },
      nearest_count, neighbours + (official ? 1 : 0), list, counter, *scratch);
  if (threadIdx.x == 0) *last = ~0ull;
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < taken; i += kBlockThreads)
    atomicMin(last, static_cast<unsigned long long>(list[i]));
  __syncthreads();
  for (int i = static_cast<int>(threadIdx.x); i < taken; i += kBlockThreads) {
    const int rank = rank_in(list, taken, i);
    if (rank >= neighbours) continue;
    const int32_t id = bank::rank_id(list[i]);
    graph[static_cast<int64_t>(anchor) * neighbours + rank] =
        official && id == anchor ? bank::rank_id(*last) : id;
  }
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_update_graph(void* stream, int32_t* graph, int64_t rows,
                                           int32_t neighbours, const int32_t* anchors,
                                           int32_t batch, const int32_t* nearest,
                                           const float* nearest_scores, int32_t nearest_count,
                                           int32_t mode, int32_t* verdict) {
  return invp::guard([&] {
    require_shape(rows, 1);
    require_batch(batch);
    require_mode(mode);
    invp::require(neighbours >= 1 && neighbours < INVP_CUDA_MAX_CHOSEN,
                  "neighbours must be 1 to 4095");
    invp::require(nearest_count > neighbours, "nearest_count must be at least neighbours + 1");
    require_device({writes("graph", graph, rows, neighbours), reads("anchors", anchors, batch),
                    reads("nearest", nearest, batch, nearest_count),
                    reads("nearest_scores", nearest_scores, batch, nearest_count),
                    writes("verdict", verdict, 1)});
    INVP_LAUNCH(check_graph_kernel, dim3(static_cast<unsigned>(batch)), dim3(kBlockThreads), 0,
                stream, rows, neighbours, anchors, nearest, nearest_count, verdict);
    INVP_LAUNCH(update_graph_kernel, dim3(static_cast<unsigned>(batch)), dim3(kBlockThreads),
                sizeof(RankKey) * (static_cast<size_t>(neighbours) + 1), stream, graph, neighbours,
                anchors, batch, nearest, nearest_scores, nearest_count,
                mode == INVP_CUDA_MODE_OFFICIAL, verdict);
  });
}
