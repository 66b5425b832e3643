/*
 * Instructions that C++ has no word for, each with a twin for the emulated device: asynchronous copies from global to
 * shared memory (cp.async), the tensor core (mma.sync.m16n8k16, fp16 in, fp32 out), its operand loads (ldmatrix), and
 * conversions to and from fp16, which travels as uint16_t. The only inline PTX of the project.
 */
#ifndef INVP_CUDA_INTRINSICS_CUH
#define INVP_CUDA_INTRINSICS_CUH

#include "platform.cuh"

namespace invp::cuda {

#ifdef __CUDACC__

/* Copies kBytes (4 or 16, both sides aligned to it), or zeros if !valid, some time before the group's wait ends. */
template <int kBytes>
__device__ __forceinline__ void copy_async(void* shared, const void* global, bool valid) {
  const auto to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  const int bytes = valid ? kBytes : 0;
  if constexpr (kBytes == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(to), "l"(global),
                 "r"(bytes)
                 : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;\n" ::"r"(to), "l"(global), "r"(bytes)
                 : "memory");
  }
}

__device__ __forceinline__ void copy_async_commit() {
  asm volatile("cp.async.commit_group;\n" ::: "memory");
}

/* Waits until at most the kNewest last groups of this thread are under way. */
template <int kNewest>
__device__ __forceinline__ void copy_async_wait() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(kNewest) : "memory");
}

/* Four 8 x 8 matrices of halves: lane l points to row l % 8 of matrix l / 8. */
__device__ __forceinline__ void load_matrices(uint32_t r[4], const uint16_t* row) {
  const auto at = static_cast<uint32_t>(__cvta_generic_to_shared(row));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(at)
               : "memory");
}

/* c += a b with a [16, 16] and b [16, 8]; all lanes of the warp. */
__device__ __forceinline__ void multiply_add(float c[4], const uint32_t a[4], uint32_t b0,
                                             uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};\n"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ uint16_t to_half(float value) {
  return __half_as_ushort(__float2half_rn(value));
}
__device__ __forceinline__ float from_half(uint16_t value) {
  return __half2float(__ushort_as_half(value));
}
__device__ __forceinline__ int round_to_int(float value) { return __float2int_rn(value); }

#else

/* A copy that lands late: until then its place is poisoned. */
inline void land(const simt::AsyncCopy& copy) {
  for (uint32_t i = 0; i < copy.words; ++i)
    copy.to[i] = copy.from == nullptr ? 0u : copy.from[i];
}

template <int kBytes>
void copy_async(void* shared, const void* global, bool valid, const char* file = __builtin_FILE(),
                int line = __builtin_LINE()) {
  static_assert(kBytes == 4 || kBytes == 16);
  if (reinterpret_cast<uintptr_t>(shared) % kBytes != 0 ||
      reinterpret_cast<uintptr_t>(global) % kBytes != 0)
    simt::fail("misaligned address", {"cp.async", file, line});
  const simt::AsyncCopy copy{static_cast<uint32_t*>(shared),
                             valid ? static_cast<const uint32_t*>(global) : nullptr, kBytes / 4,
                             false};
  for (uint32_t i = 0; i < copy.words; ++i) copy.to[i] = 0xFFF3FFF3u;
  if (simt::async_copy_begins(copy)) land(copy);
}

inline void copy_async_commit() { simt::async_copy_commit(); }

template <int kNewest>
void copy_async_wait() {
  while (const simt::AsyncCopy* copy = simt::async_copy_due(kNewest)) land(*copy);
}

inline void load_matrices(uint32_t r[4], const uint16_t* row, const char* file = __builtin_FILE(),
                          int line = __builtin_LINE()) {
  if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
    simt::fail("misaligned address", {"ldmatrix", file, line});
  uint32_t own[4];
  for (int i = 0; i < 4; ++i) own[i] = row[2 * i] | static_cast<uint32_t>(row[2 * i + 1]) << 16;
  simt::exchange_rows(r, own, {"ldmatrix", file, line});
}

inline void multiply_add(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1,
                         const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const uint32_t b[2] = {b0, b1};
  simt::mma_m16n8k16(c, a, b, {"mma", file, line});
}

inline uint16_t to_half(float value) { return simt::to_half(value); }
inline float from_half(uint16_t value) { return simt::from_half(value); }
inline int round_to_int(float value) { return static_cast<int>(__builtin_rintf(value)); }

#endif

}  // namespace invp::cuda

#endif
