/*
 * CUDA's device language for a CPU: what a .cu file sees when g++ compiles it.
 *
 * Each CUDA thread is a fiber. A launch takes a seed, and the seed alone decides in which order
 * threads and blocks run, how many blocks are resident at once, when an asynchronous copy lands and
 * in which order a tensor core adds. A collective that the hardware leaves undefined (a mask that
 * names an exited lane, lanes that meet at different calls, a barrier that some threads never
 * reach, a misaligned asynchronous copy) ends the launch with a message that names the kernel,
 * block, thread and source line.
 *
 * Kernels run one launch at a time (device.h serialises them), so the state behind `current` needs
 * no lock.
 */
#ifndef INVP_SIMT_SIMT_H
#define INVP_SIMT_SIMT_H

#include <bit>
#include <cstddef>
#include <cstdint>

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(16) uint4 {
  uint32_t x, y, z, w;
};
struct alignas(8) ushort4 {
  uint16_t x, y, z, w;
};

namespace invp::simt {

/* What a CUDA thread knows of itself. */
struct ThreadView {
  dim3 thread, block, block_size, grid_size;
};

/* The thread that runs now; set by the scheduler. */
extern ThreadView* current;

/* Where in the kernels' source a collective stands. */
struct Site {
  const char* call;
  const char* file;
  int line;
};

#define INVP_SIMT_SITE(call) \
  ::invp::simt::Site { call, __builtin_FILE(), __builtin_LINE() }

/* Ends the launch: the message is completed with kernel, block, thread and site. Does not return.
 */
[[noreturn]] void fail(const char* message, Site site);

/* Ways in which a barrier folds its argument over the block. */
enum class BlockFold { kNone, kOr, kAnd, kCount };
int sync_block(int predicate, BlockFold fold, Site site);

void sync_warp(uint32_t mask, Site site);
uint32_t ballot(uint32_t mask, bool predicate, Site site);
uint32_t shuffle(uint32_t mask, uint32_t value, uint32_t source_lane, Site site);
uint32_t match_any(uint32_t mask, uint32_t value, Site site);
enum class WarpFold { kAdd, kMin, kMax };
uint32_t reduce(uint32_t mask, uint32_t value, WarpFold fold, Site site);

/* Fragments as PTX defines them for mma.sync.m16n8k16 with fp16 operands. */
void mma_m16n8k16(float c[4], const uint32_t a[4], const uint32_t b[2], Site site);
/* Lane l hands in row l % 8 of matrix l / 8 (eight halves); r[i] receives its pair of matrix i. */
void exchange_rows(uint32_t r[4], const uint32_t row[4], Site site);

/* Static shared memory: one object per block and source place. */
void* shared_static(size_t bytes, size_t alignment, const char* file, int line);
void* shared_dynamic();

/* Another thread may run here. */
void maybe_yield();

/* Asynchronous copies of the current thread. */
struct AsyncCopy {
  uint32_t* to;
  const uint32_t* from; /* nullptr: zeros */
  uint32_t words;
  bool done;
};
/* True if the copy is to land at once, else it is remembered. */
bool async_copy_begins(const AsyncCopy& copy);
void async_copy_commit();
/* The next remembered copy older than the `newest` last groups; nullptr when there is none left. */
AsyncCopy* async_copy_due(int newest);

}  // namespace invp::simt

#define threadIdx (::invp::simt::current->thread)
#define blockIdx (::invp::simt::current->block)
#define blockDim (::invp::simt::current->block_size)
#define gridDim (::invp::simt::current->grid_size)

#define __global__
#define __device__
#define __host__
#define __forceinline__
#define __launch_bounds__(...)

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  ::invp::simt::sync_block(0, ::invp::simt::BlockFold::kNone, {"__syncthreads", file, line});
}
inline int __syncthreads_or(int predicate, const char* file = __builtin_FILE(),
                            int line = __builtin_LINE()) {
  return ::invp::simt::sync_block(predicate, ::invp::simt::BlockFold::kOr,
                                  {"__syncthreads_or", file, line});
}
inline int __syncthreads_and(int predicate, const char* file = __builtin_FILE(),
                             int line = __builtin_LINE()) {
  return ::invp::simt::sync_block(predicate, ::invp::simt::BlockFold::kAnd,
                                  {"__syncthreads_and", file, line});
}
inline int __syncthreads_count(int predicate, const char* file = __builtin_FILE(),
                               int line = __builtin_LINE()) {
  return ::invp::simt::sync_block(predicate, ::invp::simt::BlockFold::kCount,
                                  {"__syncthreads_count", file, line});
}
inline void __syncwarp(uint32_t mask = 0xFFFFFFFFu, const char* file = __builtin_FILE(),
                       int line = __builtin_LINE()) {
  ::invp::simt::sync_warp(mask, {"__syncwarp", file, line});
}
inline uint32_t __ballot_sync(uint32_t mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  return ::invp::simt::ballot(mask, predicate != 0, {"__ballot_sync", file, line});
}
inline int __any_sync(uint32_t mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return ::invp::simt::ballot(mask, predicate != 0, {"__any_sync", file, line}) != 0;
}
inline int __all_sync(uint32_t mask, int predicate, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) {
  return ::invp::simt::ballot(mask, predicate != 0, {"__all_sync", file, line}) == mask;
}

namespace invp::simt {

inline uint32_t this_lane() {
  const ThreadView& t = *current;
  return (t.thread.x + t.block_size.x * (t.thread.y + t.block_size.y * t.thread.z)) % 32;
}

template <typename T>
T shuffle_value(uint32_t mask, T value, uint32_t source, Site site) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  if constexpr (sizeof(T) == 4) {
    return std::bit_cast<T>(shuffle(mask, std::bit_cast<uint32_t>(value), source, site));
  } else {
    const auto bits = std::bit_cast<uint64_t>(value);
    const uint64_t low = shuffle(mask, static_cast<uint32_t>(bits), source, site);
    const uint64_t high = shuffle(mask, static_cast<uint32_t>(bits >> 32), source, site);
    return std::bit_cast<T>(high << 32 | low);
  }
}

}  // namespace invp::simt

template <typename T>
T __shfl_sync(uint32_t mask, T value, int source, const char* file = __builtin_FILE(),
              int line = __builtin_LINE()) {
  return ::invp::simt::shuffle_value(mask, value, static_cast<uint32_t>(source) % 32,
                                     {"__shfl_sync", file, line});
}
template <typename T>
T __shfl_xor_sync(uint32_t mask, T value, int lanes, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  return ::invp::simt::shuffle_value(mask, value,
                                     ::invp::simt::this_lane() ^ static_cast<uint32_t>(lanes),
                                     {"__shfl_xor_sync", file, line});
}
template <typename T>
T __shfl_up_sync(uint32_t mask, T value, unsigned delta, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE()) {
  const uint32_t lane = ::invp::simt::this_lane();
  return ::invp::simt::shuffle_value(mask, value, lane >= delta ? lane - delta : lane,
                                     {"__shfl_up_sync", file, line});
}
template <typename T>
T __shfl_down_sync(uint32_t mask, T value, unsigned delta, const char* file = __builtin_FILE(),
                   int line = __builtin_LINE()) {
  const uint32_t lane = ::invp::simt::this_lane();
  return ::invp::simt::shuffle_value(mask, value, lane + delta < 32 ? lane + delta : lane,
                                     {"__shfl_down_sync", file, line});
}
inline uint32_t __match_any_sync(uint32_t mask, uint32_t value, const char* file = __builtin_FILE(),
                                 int line = __builtin_LINE()) {
  return ::invp::simt::match_any(mask, value, {"__match_any_sync", file, line});
}
inline unsigned __reduce_add_sync(uint32_t mask, unsigned value,
                                  const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) {
  return ::invp::simt::reduce(mask, value, ::invp::simt::WarpFold::kAdd,
                              {"__reduce_add_sync", file, line});
}
inline unsigned __reduce_min_sync(uint32_t mask, unsigned value,
                                  const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) {
  return ::invp::simt::reduce(mask, value, ::invp::simt::WarpFold::kMin,
                              {"__reduce_min_sync", file, line});
}
inline unsigned __reduce_max_sync(uint32_t mask, unsigned value,
                                  const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) {
  return ::invp::simt::reduce(mask, value, ::invp::simt::WarpFold::kMax,
                              {"__reduce_max_sync", file, line});
}

inline int __popc(uint32_t bits) { return std::popcount(bits); }
inline int __clz(int bits) { return std::countl_zero(static_cast<uint32_t>(bits)); }
inline int __clzll(long long bits) { return std::countl_zero(static_cast<uint64_t>(bits)); }
inline int __ffs(int bits) {
  return bits == 0 ? 0 : std::countr_zero(static_cast<uint32_t>(bits)) + 1;
}

// CUDA's atomics are relaxed.
template <typename T>
T atomicAdd(T* at, T value) {
  ::invp::simt::maybe_yield();
  return __atomic_fetch_add(at, value, __ATOMIC_RELAXED);
}
template <typename T>
T atomicMax(T* at, T value) {
  ::invp::simt::maybe_yield();
  T seen = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (seen < value &&
         !__atomic_compare_exchange_n(at, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return seen;
}
template <typename T>
T atomicMin(T* at, T value) {
  ::invp::simt::maybe_yield();
  T seen = __atomic_load_n(at, __ATOMIC_RELAXED);
  while (value < seen &&
         !__atomic_compare_exchange_n(at, &seen, value, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return seen;
}
template <typename T>
T atomicCAS(T* at, T expected, T value) {
  ::invp::simt::maybe_yield();
  __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}

#endif
