// The few functions of cuBLAS that invp calls, on host memory: signatures and status codes as in
// cublas_v2.h of CUDA 13.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include "device.h"
#include "guard.h"
#include "half.h"

using namespace invp::simt;

namespace {

enum Status {
  kOk = 0,
  kNotInitialized = 1,
  kAllocFailed = 3,
  kInvalid = 7,
  kExecutionFailed = 13,
  kNotSupported = 15,
};
constexpr int kFloat = 0, kHalf = 2;        // cudaDataType_t: CUDA_R_32F, CUDA_R_16F
constexpr int kCompute32F = 68;             // cublasComputeType_t: CUBLAS_COMPUTE_32F
constexpr int kPlain = 0, kTransposed = 1;  // cublasOperation_t
constexpr int kVersion = 130000;

struct Handle {
  void* stream = nullptr;
  int math_mode = 0;
};

std::set<Handle*>& handles() {
  static auto* all = new std::set<Handle*>;
  return *all;
}

Handle* find(void* handle) {
  auto* found = static_cast<Handle*>(handle);
  return handles().contains(found) ? found : nullptr;
}

// A matrix in column-major order; element (i, j) of op(X).
struct Matrix {
  const void* data;
  int type;
  int64_t leading;
  bool transposed;

  float at(int64_t i, int64_t j) const {
    const int64_t index = transposed ? j + i * leading : i + j * leading;
    return type == kHalf ? from_half(static_cast<const uint16_t*>(data)[index])
                         : static_cast<const float*>(data)[index];
  }
};

// Rows of op(X), one after the other, as floats.
std::vector<float> unpack(const Matrix& x, int64_t rows, int64_t columns, bool by_column) {
  std::vector<float> out(static_cast<size_t>(rows * columns));
  size_t next = 0;
  if (by_column) {
    for (int64_t j = 0; j < columns; ++j)
      for (int64_t i = 0; i < rows; ++i) out[next++] = x.at(i, j);
  } else {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < columns; ++j) out[next++] = x.at(i, j);
  }
  return out;
}

void multiply(int64_t m, int64_t n, int64_t k, float alpha, const Matrix& a, const Matrix& b,
              float beta, void* c, int c_type, int64_t ldc) {
  const std::vector<float> left = unpack(a, m, k, false), right = unpack(b, k, n, true);
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t i = 0; i < m; ++i) {
      const float* x = left.data() + i * k;
      const float* y = right.data() + j * k;
      // Eight partial sums: any order is allowed, and this one the compiler makes vectors of.
      float sums[8] = {};
      int64_t d = 0;
      for (; d + 8 <= k; d += 8)
        for (int lane = 0; lane < 8; ++lane) sums[lane] += x[d + lane] * y[d + lane];
      for (; d < k; ++d) sums[0] += x[d] * y[d];
      float sum = 0;
      for (float part : sums) sum += part;
      const int64_t at = i + j * ldc;
      if (c_type == kHalf) {
        auto* out = static_cast<uint16_t*>(c) + at;
        *out = to_half(alpha * sum + (beta == 0 ? 0.0f : beta * from_half(*out)));
      } else {
        float* out = static_cast<float*>(c) + at;
        *out = alpha * sum + (beta == 0 ? 0.0f : beta * *out);
      }
    }
  }
}

int64_t bytes_of(int type) { return type == kHalf ? 2 : 4; }

bool aligned(const void* pointer, int type) {
  return reinterpret_cast<uintptr_t>(pointer) % static_cast<uintptr_t>(bytes_of(type)) == 0;
}

int64_t extent(int64_t rows, int64_t columns, int64_t leading, int type) {
  return rows == 0 || columns == 0 ? 0 : ((columns - 1) * leading + rows) * bytes_of(type);
}

}  // namespace

INVP_EXPORT int cublasCreate_v2(void** handle) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  if (handle == nullptr) return kInvalid;
  if (device.state() != kSuccess) return kNotInitialized;
  if (device.fail_allocation > 0 && --device.fail_allocation == 0) return kAllocFailed;
  auto* made = new Handle;
  handles().insert(made);
  device.count_object(1);
  *handle = made;
  return kOk;
}

INVP_EXPORT int cublasDestroy_v2(void* handle) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  Handle* found = find(handle);
  if (found == nullptr) return kNotInitialized;
  handles().erase(found);
  device.count_object(-1);
  delete found;
  return kOk;
}

INVP_EXPORT int cublasSetStream_v2(void* handle, void* stream) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  Handle* found = find(handle);
  if (found == nullptr) return kNotInitialized;
  if (device.find(stream) == nullptr) return kInvalid;
  found->stream = stream;
  return kOk;
}

INVP_EXPORT int cublasSetMathMode(void* handle, int mode) {
  const std::lock_guard lock(Device::instance().mutex);
  Handle* found = find(handle);
  if (found == nullptr) return kNotInitialized;
  found->math_mode = mode;
  return kOk;
}

INVP_EXPORT int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
  const std::lock_guard lock(Device::instance().mutex);
  if (find(handle) == nullptr) return kNotInitialized;
  if (reinterpret_cast<uintptr_t>(workspace) % 256 != 0 || (workspace == nullptr && bytes > 0))
    return kInvalid;
  return kOk;
}

INVP_EXPORT int cublasGemmEx(void* handle, int transa, int transb, int m, int n, int k,
                             const void* alpha, const void* a, int a_type, int lda, const void* b,
                             int b_type, int ldb, const void* beta, void* c, int c_type, int ldc,
                             int compute_type, int) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  const Handle* found = find(handle);
  if (found == nullptr) return kNotInitialized;
  if (transa < kPlain || transa > 2 || transb < kPlain || transb > 2 || m < 0 || n < 0 || k < 0 ||
      alpha == nullptr || beta == nullptr)
    return kInvalid;
  const bool flip_a = transa >= kTransposed, flip_b = transb >= kTransposed;
  if (lda < std::max(1, flip_a ? k : m) || ldb < std::max(1, flip_b ? n : k) ||
      ldc < std::max(1, m))
    return kInvalid;
  const bool halves = a_type == kHalf && b_type == kHalf && (c_type == kHalf || c_type == kFloat);
  const bool floats = a_type == kFloat && b_type == kFloat && c_type == kFloat;
  if (compute_type != kCompute32F || (!halves && !floats)) return kNotSupported;
  if (m == 0 || n == 0) return kOk;
  if (a == nullptr || b == nullptr || c == nullptr || !aligned(a, a_type) || !aligned(b, b_type) ||
      !aligned(c, c_type))
    return kInvalid;
  // A real product beyond its matrices faults when it runs; here the call is refused at once.
  const auto size = [](int64_t extent_bytes) { return static_cast<size_t>(extent_bytes); };
  if (!device.covers(a, size(extent(flip_a ? k : m, flip_a ? m : k, lda, a_type))) ||
      !device.covers(b, size(extent(flip_b ? n : k, flip_b ? k : n, ldb, b_type))) ||
      !device.covers(c, size(extent(m, n, ldc, c_type))))
    return kInvalid;
  if (device.accept_work() != kSuccess) return kExecutionFailed;
  const float scale = *static_cast<const float*>(alpha), keep = *static_cast<const float*>(beta);
  const Error error = device.enqueue(device.find(found->stream), [=] {
    multiply(m, n, k, scale, {a, a_type, lda, flip_a}, {b, b_type, ldb, flip_b}, keep, c, c_type,
             ldc);
    return kSuccess;
  });
  return error == kSuccess ? kOk : kExecutionFailed;
}

INVP_EXPORT int cublasGetVersion_v2(void* handle, int* version) {
  const std::lock_guard lock(Device::instance().mutex);
  if (find(handle) == nullptr) return kNotInitialized;
  if (version == nullptr) return kInvalid;
  *version = kVersion;
  return kOk;
}

INVP_EXPORT const char* cublasGetStatusString(int status) {
  switch (status) {
    case kOk:
      return "success";
    case kNotInitialized:
      return "the library was not initialized";
    case kAllocFailed:
      return "the resource allocation failed";
    case kInvalid:
      return "an unsupported value or parameter was passed to the function";
    case kExecutionFailed:
      return "the function failed to launch on the GPU";
    case kNotSupported:
      return "the functionality requested is not supported";
    default:
      return "unknown";
  }
}
