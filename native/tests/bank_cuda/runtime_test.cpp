/* The emulated cudart and cuBLAS: the product against OpenBLAS, laziness, errors, and counting. */
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "device.h"
#include "simt/half.h"

namespace invp::cuda_test {
namespace {

using Sgemm = void (*)(int order, int transa, int transb, int m, int n, int k, float alpha,
                       const float* a, int lda, const float* b, int ldb, float beta, float* c,
                       int ldc);

/* OpenBLAS's product, column-major, from the copy that comes with LibTorch; nullptr where there is
 * none. */
Sgemm openblas() {
  static const auto found = [] {
    const std::string folder = INVP_LIBTORCH_LIB;
    for (const char* needed : {"libquadmath.so.0", "libgfortran.so.5"})
      dlopen((folder + "/" + needed).c_str(), RTLD_NOW | RTLD_GLOBAL);
    void* library = dlopen((folder + "/libopenblas.so.0").c_str(), RTLD_NOW);
    return library == nullptr ? nullptr : reinterpret_cast<Sgemm>(dlsym(library, "cblas_sgemm"));
  }();
  return found;
}

struct Handle {
  Handle() { check(cublasCreate_v2(&value)); }
  ~Handle() { cublasDestroy_v2(value); }
  void* value;
};

TEST(EmulatedBlas, equals_openblas_over_transposes_strides_and_offsets) {
  if (openblas() == nullptr)
    GTEST_SKIP() << "no OpenBLAS in " << INVP_LIBTORCH_LIB << ": run make deps";
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto draw = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  std::normal_distribution<float> normal;
  const Handle handle;
  for (int trial = 0; trial < 150; ++trial) {
    const int m = draw(1, 40), n = draw(1, 40), k = draw(0, 50);
    const bool flip_a = draw(0, 1) == 1, flip_b = draw(0, 1) == 1;
    const int lda = std::max(1, flip_a ? k : m) + draw(0, 9),
              ldb = std::max(1, flip_b ? n : k) + draw(0, 9), ldc = m + draw(0, 9);
    const size_t offset = static_cast<size_t>(draw(0, 5));
    const bool halves = draw(0, 1) == 1, half_result = halves && draw(0, 1) == 1;
    const float alpha = draw(0, 1) == 1 ? 1.0f : 0.75f, beta = draw(0, 1) == 1 ? 0.0f : 0.5f;
    std::vector<float> a(offset + static_cast<size_t>(lda) * static_cast<size_t>(flip_a ? m : k) +
                         1),
        b(offset + static_cast<size_t>(ldb) * static_cast<size_t>(flip_b ? k : n) + 1),
        c(offset + static_cast<size_t>(ldc) * static_cast<size_t>(n));
    for (auto* values : {&a, &b, &c})
      for (float& x : *values) x = simt::from_half(simt::to_half(normal(random)));
    std::vector<float> expected = c;
    // 111 and 112: CblasNoTrans, CblasTrans; 102: CblasColMajor.
    openblas()(102, flip_a ? 112 : 111, flip_b ? 112 : 111, m, n, k, alpha, &a[offset], lda,
               &b[offset], ldb, beta, &expected[offset], ldc);
    const auto to_halves = [](const std::vector<float>& values) {
      std::vector<uint16_t> out;
      for (float x : values) out.push_back(simt::to_half(x));
      return out;
    };
    std::vector<float> found;
    if (halves) {
      DeviceArray<uint16_t> da(to_halves(a)), db(to_halves(b)), hc(to_halves(c));
      DeviceArray<float> dc(c);
      void* out = half_result ? static_cast<void*>(hc.get() + offset) : dc.get() + offset;
      check(cublasGemmEx(handle.value, flip_a, flip_b, m, n, k, &alpha, da.get() + offset, 2, lda,
                         db.get() + offset, 2, ldb, &beta, out, half_result ? 2 : 0, ldc, 68, -1));
      if (half_result) {
        check(cudaDeviceSynchronize());
        for (uint16_t x : hc.read()) found.push_back(simt::from_half(x));
      } else {
        found = dc.read();
      }
    } else {
      DeviceArray<float> da(a), db(b), dc(c);
      check(cublasGemmEx(handle.value, flip_a, flip_b, m, n, k, &alpha, da.get() + offset, 0, lda,
                         db.get() + offset, 0, ldb, &beta, dc.get() + offset, 0, ldc, 68, -1));
      found = dc.read();
    }
    for (size_t i = 0; i < expected.size(); ++i)
      ASSERT_NEAR(found[i], expected[i],
                  (half_result ? 0x1p-10f : 0x1p-18f) * (1 + std::abs(expected[i])))
          << "trial " << trial << " element " << i;
  }
}

TEST(EmulatedBlas, refuses_what_cublas_refuses) {
  const Handle handle;
  DeviceArray<float> x(64);
  const float one = 1;
  const auto product = [&](void* blas, int m, int lda, int a_type, int compute, const void* a) {
    return cublasGemmEx(blas, 0, 0, m, 2, 2, &one, a, a_type, lda, x.get(), a_type, 2, &one,
                        x.get(), 0, 4, compute, -1);
  };
  EXPECT_EQ(product(handle.value, 4, 4, 0, 68, x.get()), 0);
  EXPECT_EQ(product(nullptr, 4, 4, 0, 68, x.get()), 1);
  EXPECT_EQ(product(handle.value, -1, 4, 0, 68, x.get()), 7);
  EXPECT_EQ(product(handle.value, 4, 3, 0, 68, x.get()), 7);
  EXPECT_EQ(product(handle.value, 4, 4, 14, 68, x.get()), 15);
  EXPECT_EQ(product(handle.value, 4, 4, 0, 64, x.get()), 15);
  EXPECT_EQ(product(handle.value, 4, 4, 0, 68, reinterpret_cast<char*>(x.get()) + 2), 7);
  EXPECT_EQ(product(handle.value, 4, 64, 0, 68, x.get()), 7) << "beyond the allocation";
}

TEST(EmulatedRuntime, does_its_work_when_somebody_waits) {
  void* stream;
  check(cudaStreamCreate(&stream));
  void* pinned;
  check(cudaHostAlloc(&pinned, 16, 0));
  DeviceArray<float> device(std::vector<float>{1, 2, 3, 4});
  auto* host = static_cast<float*>(pinned);
  host[0] = -1;
  check(cudaMemcpyAsync(host, device.get(), 16, 2, stream));
  EXPECT_EQ(host[0], -1) << "the copy must not have happened yet";
  check(cudaStreamSynchronize(stream));
  EXPECT_EQ(host[0], 1);
  void *start, *end;
  check(cudaEventCreate(&start));
  check(cudaEventCreate(&end));
  check(cudaEventRecord(start, stream));
  check(cudaEventRecord(end, stream));
  float milliseconds;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, end), 600);
  check(cudaStreamSynchronize(stream));
  check(cudaEventElapsedTime(&milliseconds, start, end));
  EXPECT_GE(milliseconds, 0);
  check(cudaEventDestroy(start));
  check(cudaEventDestroy(end));
  check(cudaFreeHost(pinned));
  check(cudaStreamDestroy(stream));
}

TEST(EmulatedRuntime, counts_objects_and_fails_where_told_to) {
  const int64_t before = invp_simt_live_objects();
  {
    DeviceArray<float> one(10), two(10);
    EXPECT_EQ(invp_simt_live_objects(), before + 2);
  }
  EXPECT_EQ(invp_simt_live_objects(), before);
  void* pointer = nullptr;
  invp_simt_fail_allocation(2);
  check(cudaMalloc(&pointer, 8));
  void* second;
  EXPECT_EQ(cudaMalloc(&second, 8), 2);
  check(cudaFree(pointer));
  invp_simt_set_memory(1000);
  size_t free, total;
  check(cudaMemGetInfo(&free, &total));
  EXPECT_EQ(total, 1000u);
  EXPECT_EQ(cudaMalloc(&pointer, 1001), 2);
  invp_simt_set_memory(int64_t{4} << 30);
  EXPECT_EQ(cudaGetLastError(), 2);
  EXPECT_EQ(cudaGetLastError(), 0);
  EXPECT_EQ(cudaFree(&free), 1) << "not an allocation";
  EXPECT_EQ(cudaSetDevice(1), 101);
  EXPECT_EQ(cudaStreamSynchronize(&free), 400);
  cudaGetLastError();
}

TEST(EmulatedRuntime, keeps_a_lost_device_lost_and_notices_writes_beyond_an_allocation) {
  void* pointer;
  check(cudaMalloc(&pointer, 8));
  static_cast<char*>(pointer)[8] = 1;
  EXPECT_EQ(cudaFree(pointer), 719);
  EXPECT_NE(last_fault().find("beyond an allocation of 8 bytes"), std::string::npos);
  EXPECT_EQ(cudaMalloc(&pointer, 8), 719) << "the error stays";
  invp_simt_reset();
  check(cudaMalloc(&pointer, 8));
  EXPECT_EQ(cudaMemcpy(pointer, &pointer, 9, 1), 1) << "a copy beyond the allocation";
  cudaGetLastError();
  check(cudaFree(pointer));
}

}  // namespace
}  // namespace invp::cuda_test
