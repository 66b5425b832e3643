#include "gradient_sum.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>

#include <torch/csrc/distributed/c10d/comm.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

namespace invp::nn {
namespace {

// PyTorch's own sizes: a small first bucket, so that the exchange starts early.
constexpr size_t kFirstBucketBytes = 1 << 20;
constexpr size_t kBucketBytes = 25 << 20;

/* The sum of a bucket; what c10d does without a hook is the mean. */
class HostHook final : public c10d::CppCommHookInterface<c10::intrusive_ptr<c10d::ProcessGroup>> {
 public:
  using CppCommHookInterface::CppCommHookInterface;

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    std::vector<at::Tensor> tensors{bucket.getBufferRef()};
    return state_->allreduce(tensors)->getFuture();
  }
};

class DeviceHook final : public c10d::CppCommHookInterface<DeviceSum*> {
 public:
  using CppCommHookInterface::CppCommHookInterface;

  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override {
    return state_->sum(bucket.getBufferRef());
  }
};

/* The Reducer warns of 1x1 convolutions, whose gradients may have other strides than the weights
 * where both mean the same. */
class Silence final : public c10::WarningHandler {
 public:
  void process(const c10::Warning&) override {}
};

}  // namespace

GradientSum::GradientSum(const Tensors& tensors, Group& group) : group_(group) {
  for (auto entry = tensors.rbegin(); entry != tensors.rend(); ++entry) {
    if (!entry->trainable) continue;
    parameters_.push_back(entry->tensor);
    bytes_ += static_cast<int64_t>(entry->tensor.nbytes());
  }
  const std::vector<size_t> limits{kFirstBucketBytes, kBucketBytes};
  auto [buckets, sizes] = c10d::compute_bucket_assignment_by_size(parameters_, limits);
  reducer_ = std::make_unique<c10d::Reducer>(
      parameters_, std::move(buckets), group.processes(),
      std::vector<bool>(parameters_.size(), false), static_cast<int64_t>(kBucketBytes),
      /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/false,
      std::unordered_map<size_t, std::string>(), static_cast<int64_t>(kFirstBucketBytes),
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
      std::vector<int64_t>());
  const at::Device device = parameters_.front().device();
  if (device.is_cpu()) {
    reducer_->register_comm_hook(std::make_unique<HostHook>(group.processes()));
  } else {
    device_ = DeviceSum::join(group, device);
    reducer_->register_comm_hook(std::make_unique<DeviceHook>(device_.get()));
  }
  // The Reducer wants other buckets after the first backward, in the order in which gradients came.
  // That is one of zeros, so that a run that goes on has the buckets, and with them the sums, of
  // one that was never stopped.
  backward_of_nothing();
  reducer_->rebuild_buckets();
}

GradientSum::~GradientSum() = default;

void GradientSum::backward(const at::Tensor& output, const at::Tensor& slope) {
  reducer_->prepare_for_forward();
  reducer_->prepare_for_backward({output});
  group_.count(bytes_, bytes_);
  Silence silence;
  const c10::WarningUtils::WarningHandlerGuard guard(&silence);
  output.backward(slope);
  if (device_ != nullptr) device_->await();
}

void GradientSum::backward_of_nothing() {
  const at::AutoGradMode record(true);
  // Every parameter is part of it: the Reducer waits for all of their gradients.
  const auto options = parameters_.front().options();
  auto nothing = at::zeros({}, options);
  for (const auto& parameter : parameters_) nothing = nothing + parameter.sum() * 0;
  backward(nothing, at::ones({}, options));
}

}  // namespace invp::nn
