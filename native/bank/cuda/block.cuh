/*
 * What one block of kBlockThreads threads does together: scan, find the m-th largest of many keys, sort. All threads of
 * the block must call, with the same arguments; `scratch` is shared memory that nothing else uses meanwhile, and every
 * function ends with a barrier behind its last read of it.
 */
#ifndef INVP_CUDA_BLOCK_CUH
#define INVP_CUDA_BLOCK_CUH

#include "mutants.cuh"
#include "platform.cuh"
#include "ranking.h"

namespace invp::cuda {

using bank::RankKey;

constexpr int kBlockThreads = 256;
constexpr int kBlockWarps = kBlockThreads / kWarp;
constexpr int kDigitBits = 8;
constexpr int kDigits = 1 << kDigitBits;
static_assert(kDigits == kBlockThreads, "the sort's scan takes one digit per thread");

struct BlockScratch {
  uint32_t bins[kBlockWarps * kDigits]; /* 2048: the selection's histogram, the sort's counters */
  uint32_t warp_sums[kBlockWarps];
  unsigned long long least, largest;
  uint32_t valid, bin, above, population;
};

__device__ inline uint32_t lane_of_thread() { return threadIdx.x % kWarp; }
__device__ inline uint32_t warp_of_thread() { return threadIdx.x / kWarp; }
__device__ inline uint32_t lanes_below() { return (1u << lane_of_thread()) - 1; }

/* The sum of `value` over the threads before this one; `total` over all. */
__device__ inline uint32_t block_scan(uint32_t value, uint32_t& total, BlockScratch& scratch) {
  uint32_t sum = value;
  for (unsigned delta = 1; delta < kWarp; delta *= 2) {
    const uint32_t before = __shfl_up_sync(kAllLanes, sum, delta);
    if (lane_of_thread() >= delta) sum += before;
  }
  if (lane_of_thread() == kWarp - 1) scratch.warp_sums[warp_of_thread()] = sum;
  __syncthreads();
  uint32_t base = 0;
  total = 0;
  for (uint32_t warp = 0; warp < kBlockWarps; ++warp) {
    if (warp == warp_of_thread()) base = total;
    total += scratch.warp_sums[warp];
  }
  __syncthreads();
  return base + sum - value;
}

__device__ inline int bit_width(unsigned long long value) {
  return value == 0 ? 0 : 64 - __clzll(static_cast<long long>(value));
}

/* The key at or just below the wanted-th largest of keys: exactly `wanted` keys are >= key, or key is the wanted-th
 * largest itself. 0 if fewer keys than wanted are valid. */
struct Nth {
  RankKey key;
  uint32_t valid;
};

/*
 * The wanted-th largest of key_at(0 .. count), 1 <= wanted; a key of 0 counts as none. One histogram over the keys' range
 * finds the bin that holds it; a bin that is taken whole ends the search, else the bin becomes the range. Score keys
 * spread over their own range, so that one round leaves a two-thousandth and the shared counters are not fought over, as
 * they would be with the leading bits (sign and exponent) for digits.
 */
template <typename KeyAt>
__device__ Nth block_nth_largest(const KeyAt& key_at, int64_t count, uint32_t wanted,
                                 BlockScratch& scratch) {
  constexpr int kBits = 11;
  constexpr uint32_t kBins = 1u << kBits, kPerThread = kBins / kBlockThreads;
  static_assert(kBins == kBlockWarps * kDigits);
  if (threadIdx.x == 0) {
    scratch.least = ~0ull;
    scratch.largest = 0;
    scratch.valid = 0;
  }
  __syncthreads();
  unsigned long long least = ~0ull, largest = 0;
  uint32_t valid = 0;
  for (int64_t i = threadIdx.x; i < count; i += kBlockThreads) {
    const unsigned long long key = key_at(i);
    if (key == 0) continue;
    ++valid;
    least = key < least ? key : least;
    largest = key > largest ? key : largest;
  }
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) {
    const unsigned long long low = __shfl_xor_sync(kAllLanes, least, lanes);
    const unsigned long long high = __shfl_xor_sync(kAllLanes, largest, lanes);
    least = low < least ? low : least;
    largest = high > largest ? high : largest;
  }
  valid = __reduce_add_sync(kAllLanes, valid);
  if (lane_of_thread() == 0) {
    atomicMin(&scratch.least, least);
    atomicMax(&scratch.largest, largest);
    atomicAdd(&scratch.valid, valid);
  }
  __syncthreads();
  valid = scratch.valid;
  unsigned long long base = scratch.least;
  int width = valid == 0 ? 0 : bit_width(scratch.largest - base);
  __syncthreads();
  if (valid < wanted) return {0, valid};
  uint32_t remaining = wanted;
  while (width > 0) {
    const int shift = width > kBits ? width - kBits : 0;
    const unsigned long long range = width == 64 ? ~0ull : (1ull << width) - 1;
    for (uint32_t bin = threadIdx.x; bin < kBins; bin += kBlockThreads) scratch.bins[bin] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < count; i += kBlockThreads) {
      const unsigned long long key = key_at(i);
      if (key >= base && key != 0 && key - base <= range)
        atomicAdd(&scratch.bins[(key - base) >> shift], 1u);
    }
    __syncthreads();
    // Thread 0 looks at the highest bins.
    const uint32_t last = kBins - 1 - threadIdx.x * kPerThread;
    uint32_t own = 0;
    for (uint32_t n = 0; n < kPerThread; ++n) own += scratch.bins[last - n];
    uint32_t total;
    uint32_t above = block_scan(own, total, scratch);
    if (above < remaining && remaining <= above + own) {
      uint32_t bin = last;
      while (above + scratch.bins[bin] < remaining) above += scratch.bins[bin--];
      scratch.bin = bin;
      scratch.above = above;
      scratch.population = scratch.bins[bin];
    }
    __syncthreads();
    base += static_cast<unsigned long long>(scratch.bin) << shift;
    remaining -= scratch.above;
    const bool whole = scratch.population == remaining;
    __syncthreads();
    if (whole) break;
    width = shift;
  }
  return {base, valid};
}

/*
 * One stable pass of a radix sort: from -> to by digit(key), a number below 256. Each warp takes a run of keys, 32 at a
 * time; lanes with equal digits find each other by a vote (match_any), so that no counter is fought over.
 */
template <typename Digit>
__device__ void block_sort_pass(const RankKey* from, RankKey* to, int count, const Digit& digit,
                                BlockScratch& scratch) {
  uint32_t* const own = scratch.bins + warp_of_thread() * kDigits;
  for (uint32_t d = lane_of_thread(); d < kDigits; d += kWarp) own[d] = 0;
  __syncwarp();
  const int run = (count + kBlockThreads - 1) / kBlockThreads * kWarp;
  const int begin = static_cast<int>(warp_of_thread()) * run;
  const int end = begin + run < count ? begin + run : count;
  for (int i = begin + static_cast<int>(lane_of_thread()); i < end; i += kWarp)
    atomicAdd(&own[digit(from[i])], 1u);
  __syncthreads();
  // Where each warp's keys of each digit go: smaller digits first, within a digit earlier warps first.
  uint32_t sum = 0;
  for (int warp = 0; warp < kBlockWarps; ++warp) sum += scratch.bins[warp * kDigits + threadIdx.x];
  uint32_t total;
  uint32_t place = block_scan(sum, total, scratch);
  for (int warp = 0; warp < kBlockWarps; ++warp) {
    uint32_t& counter = scratch.bins[warp * kDigits + threadIdx.x];
    const uint32_t keys = counter;
    counter = place;
    place += keys;
  }
  __syncthreads();
  for (int first = begin; first < end; first += kWarp) {
    const int i = first + static_cast<int>(lane_of_thread());
    const bool real = i < end;
    const RankKey key = real ? from[i] : 0;
    const uint32_t value = real ? digit(key) : kDigits;
    const uint32_t peers = __match_any_sync(kAllLanes, value);
    const auto rank = static_cast<uint32_t>(__popc(peers & lanes_below()));
    if (real) to[own[value] + rank] = key;
    if (!mutant(kSortUnstable)) __syncwarp();
    if (real && rank == 0) own[value] += static_cast<uint32_t>(__popc(peers));
    __syncwarp();
  }
  __syncthreads();
}

/* Sorts by id ascending, or by score descending and then id ascending; returns where the result lies, a or b. Ids are
 * below `ids`. */
__device__ inline RankKey* block_sort(RankKey* a, RankKey* b, int count, int64_t ids,
                                      bool by_score, BlockScratch& scratch) {
  const auto pass = [&](auto&& digit) {
    block_sort_pass(a, b, count, digit, scratch);
    RankKey* const sorted = b;
    b = a;
    a = sorted;
  };
  const int id_bits = bit_width(static_cast<unsigned long long>(ids - 1));
  for (int shift = 0; shift < id_bits; shift += kDigitBits) {
    pass([shift](RankKey key) {
      return static_cast<uint32_t>(bank::rank_id(key)) >> shift & (kDigits - 1);
    });
  }
  for (int shift = 32; by_score && shift < 64; shift += kDigitBits) {
    pass([shift](RankKey key) { return static_cast<uint32_t>(~key >> shift) & (kDigits - 1); });
  }
  return a;
}

}  // namespace invp::cuda

#endif
