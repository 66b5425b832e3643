/* The one emulated device of the process: its memory, its streams, what went wrong on it. */
#ifndef INVP_SIMT_DEVICE_H
#define INVP_SIMT_DEVICE_H

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "scheduler.h"

namespace invp::simt {

/* cudaError_t, the values used here. */
enum Error : int32_t {
  kSuccess = 0,
  kInvalidValue = 1,
  kMemoryAllocation = 2,
  kInvalidConfiguration = 9,
  kInvalidDevice = 101,
  kInvalidResourceHandle = 400,
  kNotReady = 600,
  kLaunchFailure = 719,
};

struct Event {
  double milliseconds = -1; /* when the stream reached it; below 0: not recorded */
};

/* Work in the order it was given. */
struct Stream {
  std::deque<std::function<Error()>> work;
};

class Device {
 public:
  static Device& instance();

  /* Held by every exported function: the device is one, and so is its scheduler. */
  std::recursive_mutex mutex;

  Error allocate(void** pointer, size_t bytes, bool host);
  Error free(void* pointer, bool host);
  /* Whether [pointer, +bytes) lies in one allocation of the device or in no allocation of it at all
   * (host memory). */
  bool covers(const void* pointer, size_t bytes) const;

  /* Whether the pointer lies in memory of this device or in pinned memory. */
  bool owns(const void* pointer) const;

  Stream* make_stream();
  Error destroy(Stream* stream);
  /* NULL is the default stream; nullptr comes back for a handle that is none. */
  Stream* find(void* handle);
  Event* make_event();
  Error destroy(Event* event);
  Event* find_event(void* handle);

  /* Counts towards a loss of the device. */
  Error accept_work();
  Error enqueue(Stream* stream, std::function<Error()> work);
  Error wait(Stream* stream);
  Error wait_all();
  /* The error that stays, if any. */
  Error state() const { return sticky_; }
  Error set_error(Error error);
  Error take_error();
  Error last_error() const { return last_; }

  Error launch(void* stream, Launch launch, size_t allowed_shared);

  void reset();
  void count_object(int64_t change) { objects_ += change; }

  uint64_t seed = 0;
  int64_t runs_of_seed = 0; /* launches run since the seed was set */
  std::string fault;
  int64_t fail_allocation = 0;
  int64_t lose_after = -1;
  Error lose_with = kLaunchFailure;
  int64_t memory = int64_t{4} << 30;
  int64_t launches = 0;
  int64_t used() const { return used_; }
  int64_t objects() const { return objects_; }

 private:
  struct Allocation {
    size_t bytes;
    bool host;
  };

  std::map<const void*, Allocation> allocations_;
  std::set<Stream*> streams_;
  std::set<Event*> events_;
  Stream default_stream_;
  Error sticky_ = kSuccess;
  Error last_ = kSuccess;
  int64_t used_ = 0;
  int64_t objects_ = 0;
};

/* Kernels that may use more shared memory than 48 KiB, as cudaFuncSetAttribute allows them. */
Error launch_kernel(void* stream, const char* name, dim3 grid, dim3 block, size_t shared_bytes,
                    size_t allowed_shared, std::function<void()> body);

}  // namespace invp::simt

#endif
