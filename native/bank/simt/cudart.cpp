// The few functions of the CUDA runtime that invp calls, on host memory. Signatures as in
// cuda_runtime_api.h of CUDA 13; handles are void*. See invp_simt.h for when work happens.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "device.h"
#include "guard.h"

using namespace invp::simt;

namespace {

// A copy from pageable host memory is staged before the call returns, one to it is complete when
// the call returns; pinned memory is touched when the stream gets there.
enum CopyKind { kHostToHost, kHostToDevice, kDeviceToHost, kDeviceToDevice, kDefault };

constexpr int kMultiprocessors = 16, kVersion = 13000;

double now() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

#define INVP_SIMT_ENTER                \
  Device& device = Device::instance(); \
  const std::lock_guard lock(device.mutex)

int64_t copied_bytes = 0;

Error copy(Device& device, void* to, const void* from, size_t bytes, int kind, void* handle) {
  Stream* stream = device.find(handle);
  if (stream == nullptr) return device.set_error(kInvalidResourceHandle);
  if (bytes == 0) return device.state();
  if (to == nullptr || from == nullptr || kind < kHostToHost || kind > kDefault ||
      !device.covers(to, bytes) || !device.covers(from, bytes))
    return device.set_error(kInvalidValue);
  if (kind == kHostToDevice || kind == kDeviceToHost) copied_bytes += static_cast<int64_t>(bytes);
  if (!device.owns(from)) {
    std::vector<unsigned char> staged(bytes);
    std::memcpy(staged.data(), from, bytes);
    return device.enqueue(stream, [to, staged = std::move(staged)] {
      std::memcpy(to, staged.data(), staged.size());
      return kSuccess;
    });
  }
  const Error error = device.enqueue(stream, [=] {
    std::memmove(to, from, bytes);
    return kSuccess;
  });
  return error == kSuccess && !device.owns(to) ? device.wait(stream) : error;
}

const char* name_of(int error) {
  switch (error) {
    case kSuccess:
      return "no error";
    case kInvalidValue:
      return "invalid argument";
    case kMemoryAllocation:
      return "out of memory";
    case kInvalidConfiguration:
      return "invalid configuration argument";
    case kInvalidDevice:
      return "invalid device ordinal";
    case kInvalidResourceHandle:
      return "invalid resource handle";
    case kNotReady:
      return "device not ready";
    case kLaunchFailure:
      return "unspecified launch failure";
    default:
      return "unknown error";
  }
}

const char* symbol_of(int error) {
  switch (error) {
    case kSuccess:
      return "cudaSuccess";
    case kInvalidValue:
      return "cudaErrorInvalidValue";
    case kMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case kInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case kInvalidDevice:
      return "cudaErrorInvalidDevice";
    case kInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case kNotReady:
      return "cudaErrorNotReady";
    case kLaunchFailure:
      return "cudaErrorLaunchFailure";
    default:
      return "cudaErrorUnknown";
  }
}

}  // namespace

INVP_EXPORT int64_t invp_simt_copied_bytes(void) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  return copied_bytes;
}

INVP_EXPORT int cudaMalloc(void** pointer, size_t bytes) {
  INVP_SIMT_ENTER;
  return device.allocate(pointer, bytes, false);
}

INVP_EXPORT int cudaFree(void* pointer) {
  INVP_SIMT_ENTER;
  return device.free(pointer, false);
}

INVP_EXPORT int cudaHostAlloc(void** pointer, size_t bytes, unsigned) {
  INVP_SIMT_ENTER;
  return device.allocate(pointer, bytes, true);
}

INVP_EXPORT int cudaFreeHost(void* pointer) {
  INVP_SIMT_ENTER;
  return device.free(pointer, true);
}

INVP_EXPORT int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  INVP_SIMT_ENTER;
  return copy(device, to, from, bytes, kind, stream);
}

INVP_EXPORT int cudaMemcpy(void* to, const void* from, size_t bytes, int kind) {
  INVP_SIMT_ENTER;
  const Error error = copy(device, to, from, bytes, kind, nullptr);
  return error != kSuccess ? error : device.wait_all();
}

INVP_EXPORT int cudaMemsetAsync(void* to, int value, size_t bytes, void* handle) {
  INVP_SIMT_ENTER;
  Stream* stream = device.find(handle);
  if (stream == nullptr) return device.set_error(kInvalidResourceHandle);
  if (bytes == 0) return device.state();
  if (to == nullptr || !device.covers(to, bytes)) return device.set_error(kInvalidValue);
  return device.enqueue(stream, [=] {
    std::memset(to, value, bytes);
    return kSuccess;
  });
}

INVP_EXPORT int cudaStreamCreate(void** stream) {
  INVP_SIMT_ENTER;
  if (stream == nullptr) return device.set_error(kInvalidValue);
  if (device.state() != kSuccess) return device.state();
  *stream = device.make_stream();
  return kSuccess;
}

INVP_EXPORT int cudaStreamCreateWithFlags(void** stream, unsigned flags) {
  INVP_SIMT_ENTER;
  return flags > 1 ? device.set_error(kInvalidValue) : cudaStreamCreate(stream);
}

INVP_EXPORT int cudaStreamDestroy(void* handle) {
  INVP_SIMT_ENTER;
  Stream* stream = handle == nullptr ? nullptr : device.find(handle);
  return stream == nullptr ? device.set_error(kInvalidResourceHandle) : device.destroy(stream);
}

INVP_EXPORT int cudaStreamSynchronize(void* handle) {
  INVP_SIMT_ENTER;
  Stream* stream = device.find(handle);
  return stream == nullptr ? device.set_error(kInvalidResourceHandle) : device.wait(stream);
}

INVP_EXPORT int cudaDeviceSynchronize(void) {
  INVP_SIMT_ENTER;
  return device.wait_all();
}

INVP_EXPORT int cudaEventCreate(void** event) {
  INVP_SIMT_ENTER;
  if (event == nullptr) return device.set_error(kInvalidValue);
  if (device.state() != kSuccess) return device.state();
  *event = device.make_event();
  return kSuccess;
}

INVP_EXPORT int cudaEventDestroy(void* handle) {
  INVP_SIMT_ENTER;
  Event* event = device.find_event(handle);
  return event == nullptr ? device.set_error(kInvalidResourceHandle) : device.destroy(event);
}

INVP_EXPORT int cudaEventRecord(void* handle, void* stream_handle) {
  INVP_SIMT_ENTER;
  Event* event = device.find_event(handle);
  Stream* stream = device.find(stream_handle);
  if (event == nullptr || stream == nullptr) return device.set_error(kInvalidResourceHandle);
  event->milliseconds = -1;
  return device.enqueue(stream, [event] {
    event->milliseconds = now();
    return kSuccess;
  });
}

INVP_EXPORT int cudaEventSynchronize(void* handle) {
  INVP_SIMT_ENTER;
  Event* event = device.find_event(handle);
  return event == nullptr ? device.set_error(kInvalidResourceHandle) : device.wait_all();
}

INVP_EXPORT int cudaEventElapsedTime(float* milliseconds, void* start, void* end) {
  INVP_SIMT_ENTER;
  const Event* from = device.find_event(start);
  const Event* to = device.find_event(end);
  if (milliseconds == nullptr) return device.set_error(kInvalidValue);
  if (from == nullptr || to == nullptr) return device.set_error(kInvalidResourceHandle);
  if (from->milliseconds < 0 || to->milliseconds < 0) return device.set_error(kNotReady);
  *milliseconds = static_cast<float>(to->milliseconds - from->milliseconds);
  return kSuccess;
}

INVP_EXPORT int cudaGetDeviceCount(int* count) {
  INVP_SIMT_ENTER;
  if (count == nullptr) return device.set_error(kInvalidValue);
  *count = 1;
  return kSuccess;
}

INVP_EXPORT int cudaSetDevice(int index) {
  INVP_SIMT_ENTER;
  return index == 0 ? kSuccess : device.set_error(kInvalidDevice);
}

INVP_EXPORT int cudaGetDevice(int* index) {
  INVP_SIMT_ENTER;
  if (index == nullptr) return device.set_error(kInvalidValue);
  *index = 0;
  return kSuccess;
}

INVP_EXPORT int cudaMemGetInfo(size_t* free, size_t* total) {
  INVP_SIMT_ENTER;
  if (free == nullptr || total == nullptr) return device.set_error(kInvalidValue);
  if (device.state() != kSuccess) return device.state();
  *total = static_cast<size_t>(device.memory);
  *free = static_cast<size_t>(std::max<int64_t>(device.memory - device.used(), 0));
  return kSuccess;
}

INVP_EXPORT int cudaDriverGetVersion(int* version) {
  INVP_SIMT_ENTER;
  if (version == nullptr) return device.set_error(kInvalidValue);
  *version = kVersion;
  return kSuccess;
}

INVP_EXPORT int cudaRuntimeGetVersion(int* version) { return cudaDriverGetVersion(version); }

// The attributes that invp asks for, with an A100's answers where they are limits.
INVP_EXPORT int cudaDeviceGetAttribute(int* value, int attribute, int index) {
  INVP_SIMT_ENTER;
  if (value == nullptr) return device.set_error(kInvalidValue);
  if (index != 0) return device.set_error(kInvalidDevice);
  switch (attribute) {
    case 1:  // cudaDevAttrMaxThreadsPerBlock
      *value = 1024;
      return kSuccess;
    case 8:  // cudaDevAttrMaxSharedMemoryPerBlock
      *value = 48 << 10;
      return kSuccess;
    case 10:  // cudaDevAttrWarpSize
      *value = 32;
      return kSuccess;
    case 16:  // cudaDevAttrMultiProcessorCount
      *value = kMultiprocessors;
      return kSuccess;
    case 75:  // cudaDevAttrComputeCapabilityMajor
      *value = 8;
      return kSuccess;
    case 76:  // cudaDevAttrComputeCapabilityMinor
      *value = 0;
      return kSuccess;
    case 97:  // cudaDevAttrMaxSharedMemoryPerBlockOptin
      *value = 163 << 10;
      return kSuccess;
    default:
      return device.set_error(kInvalidValue);
  }
}

// Of cudaDeviceProp only the name, its first member, is filled in.
INVP_EXPORT int cudaGetDeviceProperties(void* properties, int index) {
  INVP_SIMT_ENTER;
  if (properties == nullptr) return device.set_error(kInvalidValue);
  if (index != 0) return device.set_error(kInvalidDevice);
  invp::copy_text("emulated CUDA device", static_cast<char*>(properties), 256);
  return kSuccess;
}

INVP_EXPORT int cudaGetLastError(void) {
  INVP_SIMT_ENTER;
  return device.take_error();
}

INVP_EXPORT int cudaPeekAtLastError(void) {
  INVP_SIMT_ENTER;
  return device.state() != kSuccess ? device.state() : device.last_error();
}

INVP_EXPORT const char* cudaGetErrorString(int error) { return name_of(error); }

INVP_EXPORT const char* cudaGetErrorName(int error) { return symbol_of(error); }
