/*
 * The one place where the two compilers of a .cu file differ. nvcc: the real thing. g++: simt/simt.h, where threads are
 * fibers. Kernels are launched through INVP_LAUNCH, shared memory is declared through INVP_SHARED and
 * INVP_DYNAMIC_SHARED, and everything else that has no scalar twin lives in intrinsics.cuh.
 */
#ifndef INVP_CUDA_PLATFORM_CUH
#define INVP_CUDA_PLATFORM_CUH

#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>

#include "guard.h"

#ifdef __CUDACC__

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#define INVP_SHARED(type, name, count) __shared__ __align__(16) type name[count]

#define INVP_DYNAMIC_SHARED(type, name)                         \
  extern __shared__ __align__(16) unsigned char invp_dynamic[]; \
  type* const name = reinterpret_cast<type*>(invp_dynamic)

/* kernel may be a template's instance in parentheses. */
#define INVP_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                            \
  do {                                                                                         \
    kernel<<<grid, block, shared_bytes, static_cast<cudaStream_t>(stream)>>>(__VA_ARGS__);     \
    ::invp::cuda::check(cudaGetLastError(), #kernel);                                          \
  } while (false)

#else

#include <functional>

#include "simt/device.h"
#include "simt/half.h"
#include "simt/simt.h"

extern "C" int cudaMemsetAsync(void* to, int value, size_t bytes, void* stream);
extern "C" int cudaGetLastError(void);
extern "C" const char* cudaGetErrorString(int error);
using cudaError_t = int;
using cudaStream_t = void*;

#define INVP_SHARED(type, name, count)       \
  type* const name = static_cast<type*>(     \
      ::invp::simt::shared_static(sizeof(type) * (count), 16, __FILE__, __LINE__))

#define INVP_DYNAMIC_SHARED(type, name) \
  type* const name = static_cast<type*>(::invp::simt::shared_dynamic())

#define INVP_LAUNCH(kernel, grid, block, shared_bytes, stream, ...)                          \
  ::invp::cuda::check(                                                                       \
      ::invp::simt::launch_kernel(stream, #kernel, grid, block, shared_bytes,                \
                                  size_t{48} << 10, [=] { kernel(__VA_ARGS__); }),           \
      #kernel)

#endif

namespace invp::cuda {

constexpr uint32_t kAllLanes = 0xFFFFFFFFu;
constexpr int kWarp = 32;

inline void check(int error, const char* what) {
  if (error == 0) return;
  const char* reason = cudaGetErrorString(static_cast<decltype(cudaGetLastError())>(error));
  throw BackendFailure(std::string(what) + ": " + reason);
}

/* Zeroes a verdict (or another small array) ahead of the kernels that write it. */
inline void zero(void* stream, void* memory, size_t bytes) {
  check(cudaMemsetAsync(memory, 0, bytes, static_cast<cudaStream_t>(stream)), "cudaMemsetAsync");
}

inline unsigned blocks(int64_t items, int64_t per_block) {
  return static_cast<unsigned>((items + per_block - 1) / per_block);
}

}  // namespace invp::cuda

#endif
