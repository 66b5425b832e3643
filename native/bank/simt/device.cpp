#include "device.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "guard.h"
#include "invp_simt.h"

namespace invp::simt {
namespace {

constexpr size_t kAlignment = 256, kRedZone = 256;
constexpr unsigned char kRedByte = 0xE7, kFreshByte = 0xA5;

unsigned char* red_zone(const void* pointer, size_t bytes) {
  return static_cast<unsigned char*>(const_cast<void*>(pointer)) + bytes;
}

}  // namespace

// Never destroyed: streams of other objects may outlive any order of destruction.
Device& Device::instance() {
  static auto* device = new Device;
  return *device;
}

Error Device::allocate(void** pointer, size_t bytes, bool host) {
  if (pointer == nullptr) return set_error(kInvalidValue);
  if (sticky_ != kSuccess) return sticky_;
  if (bytes == 0) {
    *pointer = nullptr;
    return kSuccess;
  }
  if (fail_allocation > 0 && --fail_allocation == 0) return set_error(kMemoryAllocation);
  if (!host && used_ + static_cast<int64_t>(bytes) > memory) return set_error(kMemoryAllocation);
  const size_t whole = (bytes + kRedZone + kAlignment - 1) / kAlignment * kAlignment;
  void* found = std::aligned_alloc(kAlignment, whole);
  if (found == nullptr) return set_error(kMemoryAllocation);
  std::memset(found, kFreshByte, bytes);
  std::memset(red_zone(found, bytes), kRedByte, whole - bytes);
  allocations_[found] = {bytes, host};
  if (!host) used_ += static_cast<int64_t>(bytes);
  ++objects_;
  *pointer = found;
  return kSuccess;
}

Error Device::free(void* pointer, bool host) {
  if (pointer == nullptr) return kSuccess;
  const auto at = allocations_.find(pointer);
  if (at == allocations_.end() || at->second.host != host) return set_error(kInvalidValue);
  const Error waited = wait_all();
  const unsigned char* zone = red_zone(pointer, at->second.bytes);
  if (std::any_of(zone, zone + kRedZone, [](unsigned char byte) { return byte != kRedByte; })) {
    fault =
        "memory was written beyond an allocation of " + std::to_string(at->second.bytes) + " bytes";
    sticky_ = kLaunchFailure;
  }
  if (!host) used_ -= static_cast<int64_t>(at->second.bytes);
  --objects_;
  std::free(pointer);
  allocations_.erase(at);
  return waited != kSuccess ? waited : sticky_;
}

bool Device::covers(const void* pointer, size_t bytes) const {
  auto next = allocations_.upper_bound(pointer);
  if (next == allocations_.begin()) return true;
  --next;
  const auto* begin = static_cast<const char*>(next->first);
  const auto* asked = static_cast<const char*>(pointer);
  if (asked >= begin + next->second.bytes + kRedZone) return true;
  return asked + bytes <= begin + next->second.bytes;
}

bool Device::owns(const void* pointer) const {
  auto next = allocations_.upper_bound(pointer);
  if (next == allocations_.begin()) return false;
  --next;
  return static_cast<const char*>(pointer) <
         static_cast<const char*>(next->first) + next->second.bytes;
}

Stream* Device::make_stream() {
  auto* stream = new Stream;
  streams_.insert(stream);
  ++objects_;
  return stream;
}

Error Device::destroy(Stream* stream) {
  const Error waited = wait(stream);
  streams_.erase(stream);
  --objects_;
  delete stream;
  return waited;
}

Stream* Device::find(void* handle) {
  // 1 and 2 are cudaStreamLegacy and cudaStreamPerThread.
  if (reinterpret_cast<uintptr_t>(handle) <= 2) return &default_stream_;
  auto* stream = static_cast<Stream*>(handle);
  return streams_.contains(stream) ? stream : nullptr;
}

Event* Device::make_event() {
  auto* event = new Event;
  events_.insert(event);
  ++objects_;
  return event;
}

Error Device::destroy(Event* event) {
  const Error waited = wait_all();
  events_.erase(event);
  --objects_;
  delete event;
  return waited;
}

Event* Device::find_event(void* handle) {
  auto* event = static_cast<Event*>(handle);
  return events_.contains(event) ? event : nullptr;
}

Error Device::set_error(Error error) {
  last_ = error;
  return error;
}

Error Device::take_error() {
  const Error error = sticky_ != kSuccess ? sticky_ : last_;
  last_ = kSuccess;
  return error;
}

Error Device::accept_work() {
  if (lose_after == 0 && sticky_ == kSuccess) {
    sticky_ = lose_with;
    fault = "the device was lost (injected)";
  }
  if (lose_after > 0) --lose_after;
  return sticky_;
}

Error Device::enqueue(Stream* stream, std::function<Error()> work) {
  if (sticky_ != kSuccess) return sticky_;
  stream->work.push_back(std::move(work));
  return kSuccess;
}

Error Device::wait(Stream* stream) {
  while (!stream->work.empty()) {
    auto work = std::move(stream->work.front());
    stream->work.pop_front();
    if (sticky_ != kSuccess) continue;
    const Error error = work();
    if (error != kSuccess) sticky_ = error;
  }
  return sticky_;
}

Error Device::wait_all() {
  wait(&default_stream_);
  for (Stream* stream : streams_) wait(stream);
  return sticky_;
}

Error Device::launch(void* handle, Launch launch, size_t allowed_shared) {
  Stream* stream = find(handle);
  if (stream == nullptr) return set_error(kInvalidResourceHandle);
  const uint64_t threads = uint64_t{launch.block.x} * launch.block.y * launch.block.z;
  const dim3& grid = launch.grid;
  if (threads == 0 || threads > 1024 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
      grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535 ||
      launch.shared_bytes > allowed_shared)
    return set_error(kInvalidConfiguration);
  if (const Error lost = accept_work(); lost != kSuccess) return lost;
  ++launches;
  return enqueue(stream, [this, launch = std::move(launch)]() mutable {
    launch.seed =
        seed == 0 ? 0 : seed * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(++runs_of_seed);
    fault = run(launch);
    return fault.empty() ? kSuccess : kLaunchFailure;
  });
}

void Device::reset() {
  default_stream_.work.clear();
  for (Stream* stream : streams_) stream->work.clear();
  sticky_ = last_ = kSuccess;
  fault.clear();
  fail_allocation = 0;
  lose_after = -1;
}

Error launch_kernel(void* stream, const char* name, dim3 grid, dim3 block, size_t shared_bytes,
                    size_t allowed_shared, std::function<void()> body) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  return device.launch(stream, {name, grid, block, shared_bytes, 0, std::move(body)},
                       allowed_shared);
}

}  // namespace invp::simt

using invp::simt::Device;

INVP_EXPORT void invp_simt_seed(uint64_t seed) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  device.seed = seed;
  device.runs_of_seed = 0;
}

INVP_EXPORT int64_t invp_simt_last_fault(char* buffer, int64_t capacity) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  return invp::copy_text(device.fault, buffer, capacity);
}

INVP_EXPORT void invp_simt_reset(void) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  device.reset();
}

INVP_EXPORT void invp_simt_fail_allocation(int64_t n) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  device.fail_allocation = n;
}

INVP_EXPORT void invp_simt_lose_device(int64_t n, int32_t error) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  device.lose_after = n;
  device.lose_with = static_cast<invp::simt::Error>(error);
}

INVP_EXPORT void invp_simt_set_memory(int64_t bytes) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  device.memory = bytes;
}

INVP_EXPORT int64_t invp_simt_live_objects(void) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  return device.objects();
}

INVP_EXPORT int64_t invp_simt_launches(void) {
  Device& device = Device::instance();
  const std::lock_guard lock(device.mutex);
  return device.launches;
}
