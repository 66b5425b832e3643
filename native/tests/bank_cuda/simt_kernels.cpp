#include "simt_kernels.h"

#include "cuda/intrinsics.cuh"
#include "simt/scheduler.h"

namespace invp::simt_test {
namespace {

using cuda::kAllLanes;

template <typename Body>
std::string launch(const char* name, dim3 grid, dim3 block, uint64_t seed, Body body,
                   size_t shared = 0) {
  return simt::run({name, grid, block, shared, seed, body});
}

}  // namespace

std::string reverse(uint64_t seed, int* data, int n, bool with_barrier) {
  return launch(
      "reverse", dim3(1), dim3(static_cast<unsigned>(n)), seed,
      [=] {
        INVP_DYNAMIC_SHARED(int, stage);
        const auto i = static_cast<int>(threadIdx.x);
        stage[i] = data[i];
        if (with_barrier) __syncthreads();
        data[i] = stage[n - 1 - i];
      },
      sizeof(int) * static_cast<size_t>(n));
}

std::string warp_sum(uint64_t seed, const int* in, int* out, int n) {
  return launch("warp_sum", dim3(static_cast<unsigned>(n) / 64), dim3(64), seed, [=] {
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    int value = in[i];
    for (int lanes = 16; lanes > 0; lanes /= 2)
      value += __shfl_down_sync(kAllLanes, value, static_cast<unsigned>(lanes));
    if (threadIdx.x % 32 == 0) out[i / 32] = value;
  });
}

std::string count_blocks(uint64_t seed, int* counter, int blocks) {
  return launch("count_blocks", dim3(static_cast<unsigned>(blocks)), dim3(40), seed,
                [=] { atomicAdd(counter, 1); });
}

std::string copy_and_read(uint64_t seed, const int* in, int* out, bool wait) {
  return launch("copy_and_read", dim3(1), dim3(32), seed, [=] {
    INVP_SHARED(int, stage, 128);
    const auto i = static_cast<int>(threadIdx.x);
    cuda::copy_async<16>(stage + 4 * i, in + 4 * i, i != 5);
    cuda::copy_async_commit();
    if (wait) cuda::copy_async_wait<0>();
    __syncwarp();
    for (int j = 0; j < 4; ++j) out[4 * i + j] = stage[4 * ((i + 1) % 32) + j];
    cuda::copy_async_wait<0>();
  });
}

std::string mask_without_the_caller() {
  return launch("mask", dim3(1), dim3(32), 0, [] { __ballot_sync(0x7FFFFFFFu, 1); });
}

std::string lane_that_exited() {
  return launch("exited", dim3(2), dim3(32), 0, [] {
    if (threadIdx.x == 3 && blockIdx.x == 1) return;
    __ballot_sync(kAllLanes, 1);
  });
}

std::string barrier_that_some_skip() {
  return launch("skipped", dim3(1), dim3(64), 0, [] {
    if (threadIdx.x < 40) __syncthreads();
  });
}

std::string barriers_that_differ() {
  return launch("differ", dim3(1), dim3(64), 0, [] {
    if (threadIdx.x < 32) {
      __syncthreads();
    } else {
      __syncthreads();
    }
  });
}

std::string vote_that_never_ends() {
  return launch("deadlock", dim3(1), dim3(64), 0, [] {
    if (threadIdx.x == 0) {
      __ballot_sync(kAllLanes, 1);
    } else {
      __syncthreads();
    }
  });
}

std::string misaligned_copy(const int* in) {
  return launch("misaligned", dim3(1), dim3(1), 0, [=] {
    INVP_SHARED(int, stage, 8);
    cuda::copy_async<16>(stage, in + 1, true);
  });
}

std::string shuffle_from_outside_the_mask() {
  return launch("outside", dim3(1), dim3(32), 0, [] {
    if (threadIdx.x < 16) __shfl_sync(0xFFFFu, 1, 20);
  });
}

std::string copies_left_alone(const int* in) {
  return launch("left", dim3(1), dim3(1), 0, [=] {
    INVP_SHARED(int, stage, 8);
    cuda::copy_async<16>(stage, in, true);
    cuda::copy_async_commit();
  });
}

std::string sum_of_poison(uint64_t seed, float* out) {
  return launch("poison", dim3(3), dim3(32), seed, [=] {
    INVP_SHARED(float, values, 32);
    if (blockIdx.x == 0) values[threadIdx.x] = 1;
    out[blockIdx.x * 32 + threadIdx.x] = values[threadIdx.x];
  });
}

std::string multiply(uint64_t seed, const uint16_t* a, const uint16_t* b, float* c) {
  return launch("multiply", dim3(1), dim3(32), seed, [=] {
    INVP_SHARED(uint16_t, rows, 16 * 24);
    INVP_SHARED(uint16_t, columns, 8 * 24);
    const auto lane = static_cast<int>(threadIdx.x);
    for (int i = lane; i < 256; i += 32) rows[i / 16 * 24 + i % 16] = a[i];
    for (int i = lane; i < 128; i += 32) columns[i % 8 * 24 + i / 8] = b[i];
    __syncwarp();
    uint32_t left[4], right[4];
    cuda::load_matrices(left, rows + lane % 16 * 24 + lane / 16 * 8);
    cuda::load_matrices(right, columns + lane % 8 * 24 + lane / 8 % 2 * 8);
    float sums[4];
    for (int part = 0; part < 4; ++part)
      sums[part] = c[(lane / 4 + part / 2 * 8) * 8 + lane % 4 * 2 + part % 2];
    cuda::multiply_add(sums, left, right[0], right[1]);
    for (int part = 0; part < 4; ++part)
      c[(lane / 4 + part / 2 * 8) * 8 + lane % 4 * 2 + part % 2] = sums[part];
  });
}

}  // namespace invp::simt_test
