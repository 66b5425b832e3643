/* The hardest (least similar), the easiest or any of an anchor's positives, a block per anchor: a
 * few hundred keys, of which the wanted ones fit into shared memory and find their places by
 * counting who ranks before them. */
#include "arguments.h"
#include "best.cuh"
#include "preference.h"

namespace invp::cuda {
namespace {

__global__ void __launch_bounds__(kBlockThreads)
    choose_kernel(const int32_t* __restrict__ anchors, const int32_t* __restrict__ ids,
                  const float* __restrict__ scores, int width, int count, int selection,
                  uint64_t draw, int32_t* chosen, float* chosen_scores) {
  INVP_DYNAMIC_SHARED(RankKey, list);
  INVP_SHARED(BlockScratch, scratch, 1);
  INVP_SHARED(int32_t, counter, 1);
  const int64_t anchor = blockIdx.x;
  const int32_t* const own_ids = ids + anchor * width;
  const float* const own_scores = scores + anchor * width;
  const bank::Preference preference(selection, draw, anchors[anchor]);
  const int taken =
      block_best([=](int64_t j) { return preference.key(own_ids[j], own_scores[j], j); }, width,
                 count, list, counter, *scratch);
  for (int i = static_cast<int>(threadIdx.x); i < count; i += kBlockThreads) {
    const int64_t at = anchor * count + (i < taken ? rank_in(list, taken, i) : i);
    chosen[at] = i < taken ? preference.id(list[i], own_ids) : -1;
    chosen_scores[at] = i < taken ? preference.score(list[i], own_scores) : 0.0f;
  }
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_choose(void* stream, const int32_t* anchors, const int32_t* ids,
                                     const float* scores, int32_t batch, int32_t width,
                                     int32_t count, int32_t selection, uint64_t draw,
                                     int32_t* chosen, float* chosen_scores) {
  return invp::guard([&] {
    require_batch(batch);
    invp::require(width >= 1, "width must be at least 1");
    invp::require(count >= 1 && count <= INVP_CUDA_MAX_CHOSEN, "count must be 1 to 4096");
    invp::require(selection >= INVP_BANK_SELECTION_HARD && selection <= INVP_BANK_SELECTION_RANDOM,
                  "selection must be INVP_BANK_SELECTION_HARD, _EASY or _RANDOM");
    require_device({reads("anchors", anchors, batch), reads("ids", ids, batch, width),
                    reads("scores", scores, batch, width), writes("chosen", chosen, batch, count),
                    writes("chosen_scores", chosen_scores, batch, count)});
    INVP_LAUNCH(choose_kernel, dim3(static_cast<unsigned>(batch)), dim3(kBlockThreads),
                sizeof(RankKey) * static_cast<size_t>(count), stream, anchors, ids, scores, width,
                count, selection, draw, chosen, chosen_scores);
  });
}
