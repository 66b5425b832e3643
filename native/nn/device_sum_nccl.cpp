/*
 * The CUDA build: NCCL by its C interface. c10d's own class for it is of no use here: its layout
 * depends on the version of NCCL that LibTorch was built with, whose header is not shipped.
 */
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <nccl.h>

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "device_sum.h"

namespace invp::nn {
namespace {

using Clock = std::chrono::steady_clock;

/* Below this a wait is a spin: a step's last sum is often there at once. */
constexpr auto kSpin = std::chrono::milliseconds(1);
constexpr auto kPause = std::chrono::microseconds(100);

class NcclSum final : public DeviceSum {
 public:
  NcclSum(Group& group, const at::Device& device)
      : device_(device),
        timeout_(group.timeout()),
        stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index())) {
    const c10::cuda::CUDAGuard here(device_);
    ncclUniqueId id = meet(group);
    ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
    config.blocking = 0;  // so that a rank that never comes is noticed
    const auto begun =
        ncclCommInitRankConfig(&communicator_, group.size(), id, group.rank(), &config);
    try {
      settle(begun);
    } catch (...) {
      abandon();
      throw;
    }
  }

  ~NcclSum() override { abandon(); }

  c10::intrusive_ptr<c10::ivalue::Future> sum(at::Tensor data) override {
    TORCH_CHECK(communicator_ != nullptr, "a rank was lost before");
    TORCH_CHECK(data.scalar_type() == at::kFloat && data.is_contiguous(),
                "gradients are summed as contiguous float32");
    ready_.record(c10::cuda::getCurrentCUDAStream(device_.index()));
    ready_.block(stream_);
    // The allocator must not give the memory away while NCCL's stream uses it.
    c10::cuda::CUDACachingAllocator::recordStream(data.storage().data_ptr(), stream_);
    const c10::cuda::CUDAStreamGuard on(stream_);
    settle(ncclAllReduce(data.data_ptr(), data.data_ptr(), static_cast<size_t>(data.numel()),
                         ncclFloat, ncclSum, communicator_, stream_.stream()));
    auto done = c10::make_intrusive<c10::ivalue::Future>(
        c10::ListType::create(c10::TensorType::get()), std::vector<c10::Device>{device_});
    done->markCompleted(c10::IValue(std::vector<at::Tensor>{std::move(data)}));
    return done;
  }

  void await() override {
    c10::cuda::CUDAEvent done;
    done.record(c10::cuda::getCurrentCUDAStream(device_.index()));
    wait_until([&] { return done.query(); });
  }

 private:
  /* Rank 0's id, by way of the group's store; every group of NCCL has an id of its own. */
  static ncclUniqueId meet(Group& group) {
    static std::atomic<int> number{0};
    const std::string key = "nccl/" + std::to_string(number++);
    ncclUniqueId id;
    if (group.rank() == 0) {
      const auto made = ncclGetUniqueId(&id);
      if (made != ncclSuccess) fail(made);
      const auto* bytes = reinterpret_cast<const uint8_t*>(&id);
      group.set(key, std::vector<uint8_t>(bytes, bytes + sizeof id));
      return id;
    }
    const auto found = group.get(key, group.timeout());
    if (!found || found->size() != sizeof id)
      throw std::runtime_error("rank 0 did not start NCCL in time");
    std::memcpy(&id, found->data(), sizeof id);
    return id;
  }

  [[noreturn]] static void fail(ncclResult_t result) {
    throw std::runtime_error(std::string("NCCL: ") + ncclGetErrorString(result));
  }

  /* A call of a communicator that does not block is done when its state says so. */
  void settle(ncclResult_t result) {
    if (result != ncclSuccess && result != ncclInProgress) {
      abandon();
      fail(result);
    }
    wait_until([&] { return state() == ncclSuccess; });
  }

  ncclResult_t state() const {
    ncclResult_t state = ncclSuccess;
    const auto asked = ncclCommGetAsyncError(communicator_, &state);
    return asked == ncclSuccess ? state : asked;
  }

  template <typename Done>
  void wait_until(Done done) {
    const auto start = Clock::now();
    while (!done()) {
      const auto now = communicator_ == nullptr ? ncclInvalidUsage : state();
      if (now != ncclSuccess && now != ncclInProgress) {
        abandon();
        fail(now);
      }
      const auto waited = Clock::now() - start;
      if (waited > timeout_) {
        abandon();
        throw std::runtime_error("the sum of gradients did not end in time");
      }
      if (waited > kSpin) std::this_thread::sleep_for(kPause);
    }
  }

  /* Ends what is queued, on this rank, without waiting for the others. */
  void abandon() {
    if (communicator_ != nullptr) ncclCommAbort(communicator_);
    communicator_ = nullptr;
  }

  const at::Device device_;
  const std::chrono::milliseconds timeout_;
  const c10::cuda::CUDAStream stream_;
  c10::cuda::CUDAEvent ready_;
  ncclComm_t communicator_ = nullptr;
};

}  // namespace

std::unique_ptr<DeviceSum> DeviceSum::join(Group& group, const at::Device& device) {
  return std::make_unique<NcclSum>(group, device);
}

}  // namespace invp::nn
