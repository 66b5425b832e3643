/* The CUDA build: LibTorch's current stream becomes the caller's. */
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <optional>
#include <stdexcept>

#include "execution.h"

namespace invp::nn {

struct Entered::Guard {
  explicit Guard(at::Device where) : device(where) {}
  c10::cuda::CUDAGuard device;
  c10::cuda::OptionalCUDAStreamGuard stream;
};

Entered::Entered(const Execution& execution) {
  if (!execution.device.is_cuda()) return;
  guard_ = std::make_unique<Guard>(execution.device);
  if (execution.stream != nullptr) {
    guard_->stream.reset_stream(c10::cuda::getStreamFromExternal(
        static_cast<cudaStream_t>(execution.stream), execution.device.index()));
  }
}

Entered::~Entered() = default;

void Entered::require(const at::Device& device) {
  if (device.is_cpu()) return;
  // Throws with the driver's own reason where there is none.
  const auto count = c10::cuda::device_count_ensure_non_zero();
  if (device.index() < 0 || device.index() >= count) {
    throw std::invalid_argument("there is no device " + device.str() + ", LibTorch sees " +
                                std::to_string(count));
  }
}

void Entered::release_memory() { c10::cuda::CUDACachingAllocator::emptyCache(); }

}  // namespace invp::nn
