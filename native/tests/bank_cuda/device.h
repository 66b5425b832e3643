/* Device memory and the few calls of cudart and cuBLAS that the tests of the kernels need. */
#ifndef INVP_TESTS_BANK_CUDA_DEVICE_H
#define INVP_TESTS_BANK_CUDA_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "invp/bank_cuda.h"
#include "invp_simt.h"

extern "C" {
int cudaMalloc(void** pointer, size_t bytes);
int cudaFree(void* pointer);
int cudaHostAlloc(void** pointer, size_t bytes, unsigned flags);
int cudaFreeHost(void* pointer);
int cudaMemcpy(void* to, const void* from, size_t bytes, int kind);
int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream);
int cudaMemsetAsync(void* to, int value, size_t bytes, void* stream);
int cudaStreamCreate(void** stream);
int cudaStreamDestroy(void* stream);
int cudaStreamSynchronize(void* stream);
int cudaDeviceSynchronize(void);
int cudaEventCreate(void** event);
int cudaEventDestroy(void* event);
int cudaEventRecord(void* event, void* stream);
int cudaEventElapsedTime(float* milliseconds, void* start, void* end);
int cudaGetDeviceCount(int* count);
int cudaSetDevice(int index);
int cudaMemGetInfo(size_t* free, size_t* total);
int cudaGetLastError(void);
int cublasCreate_v2(void** handle);
int cublasDestroy_v2(void* handle);
int cublasSetStream_v2(void* handle, void* stream);
int cublasGemmEx(void* handle, int transa, int transb, int m, int n, int k, const void* alpha,
                 const void* a, int a_type, int lda, const void* b, int b_type, int ldb,
                 const void* beta, void* c, int c_type, int ldc, int compute_type, int algorithm);
}

namespace invp::cuda_test {

inline std::string last_fault() {
  char text[1024];
  invp_simt_last_fault(text, sizeof text);
  return text;
}

/* Throws with CUDA's and our own message; a fault is forgotten, so that the next test starts
 * afresh. */
inline void check(int error) {
  if (error == 0) return;
  const std::string fault = last_fault();
  invp_simt_reset();
  throw std::runtime_error("CUDA error " + std::to_string(error) + ": " + fault);
}

inline void check_status(int32_t status) {
  if (status == INVP_OK) return;
  char text[1024];
  invp_cuda_last_error(text, sizeof text);
  throw std::runtime_error("status " + std::to_string(status) + ": " + text);
}

/* An array in device memory. */
template <typename T>
class DeviceArray {
 public:
  explicit DeviceArray(size_t size) : size_(size) {
    check(cudaMalloc(reinterpret_cast<void**>(&data_), (size == 0 ? 1 : size) * sizeof(T)));
  }
  explicit DeviceArray(const std::vector<T>& host) : DeviceArray(host.size()) { write(host); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { cudaFree(data_); }

  T* get() const { return data_; }
  size_t size() const { return size_; }

  void write(const std::vector<T>& host) {
    check(cudaMemcpy(data_, host.data(), host.size() * sizeof(T), 1));
  }
  std::vector<T> read() const {
    std::vector<T> host(size_);
    check(cudaMemcpy(host.data(), data_, size_ * sizeof(T), 2));
    return host;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

}  // namespace invp::cuda_test

#endif
