/* The few best of many keys, in order: what choosing positives and writing graph rows have in common. */
#ifndef INVP_CUDA_BEST_CUH
#define INVP_CUDA_BEST_CUH

#include "block.cuh"

namespace invp::cuda {

/*
 * Writes the `wanted` largest of key_at(0 .. n) to list (shared memory), in any order, fewer if fewer are valid, and
 * returns how many. Repeated keys count repeatedly. `counter` is shared.
 */
template <typename KeyAt>
__device__ int block_best(const KeyAt& key_at, int64_t n, int wanted, RankKey* list,
                          int32_t* counter, BlockScratch& scratch) {
  const Nth nth = block_nth_largest(key_at, n, static_cast<uint32_t>(wanted), scratch);
  const int taken = nth.valid < static_cast<uint32_t>(wanted) ? static_cast<int>(nth.valid) : wanted;
  if (threadIdx.x == 0) *counter = 0;
  __syncthreads();
  for (int64_t i = threadIdx.x; i < n; i += kBlockThreads) {
    const RankKey key = key_at(i);
    if (key > nth.key) list[atomicAdd(counter, 1)] = key;
  }
  __syncthreads();
  // What is left are copies of the last one; a key between two keys was found only if none is left.
  for (int i = *counter + static_cast<int>(threadIdx.x); i < taken; i += kBlockThreads)
    list[i] = nth.key;
  __syncthreads();
  return taken;
}

/* How many of the list's keys rank before its i-th. */
__device__ inline int rank_in(const RankKey* list, int n, int i) {
  const RankKey key = list[i];
  int rank = 0;
  for (int j = 0; j < n; ++j) rank += list[j] > key || (list[j] == key && j < i) ? 1 : 0;
  return rank;
}

}  // namespace invp::cuda

#endif
