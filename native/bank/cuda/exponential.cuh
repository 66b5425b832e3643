/* The project's own exponential, the same operations in the same order as the CPU engine's (cpu/kernels.cpp). */
#ifndef INVP_CUDA_EXPONENTIAL_CUH
#define INVP_CUDA_EXPONENTIAL_CUH

#include <bit>
#include <cmath>

#include "intrinsics.cuh"

namespace invp::cuda {

/* exp((score - shift) * scale) for arguments <= 0; 0 below the smallest normal float. Not fused but where it says so:
 * .cu files are compiled with -fmad=false. */
__device__ inline float exponential(float score, float shift, float scale) {
  const float smallest = -87.0f;
  float x = (score - shift) * scale;
  if (x < smallest) return 0;
  x = fmaxf(x, smallest);
  const int n = round_to_int(x * 1.44269504f);
  const auto whole = static_cast<float>(n);
  float r = fmaf(whole, -0.693359375f, x);
  r = fmaf(whole, 2.12194440e-4f, r);
  float p = 1.0f / 5040;
  p = fmaf(p, r, 1.0f / 720);
  p = fmaf(p, r, 1.0f / 120);
  p = fmaf(p, r, 1.0f / 24);
  p = fmaf(p, r, 1.0f / 6);
  p = fmaf(p, r, 0.5f);
  p = fmaf(p, r, 1.0f);
  p = fmaf(p, r, 1.0f);
  return p * std::bit_cast<float>(static_cast<uint32_t>(n + 127) << 23);
}

}  // namespace invp::cuda

#endif
