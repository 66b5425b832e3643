#include "gradient_sum.h"

#include <torch/csrc/distributed/c10d/reducer.hpp>

namespace invp::nn {
namespace {

// PyTorch's own sizes: a small first bucket, so that the exchange starts early.
constexpr size_t kFirstBucketBytes = 1 << 20;
constexpr size_t kBucketBytes = 25 << 20;

}  // namespace

GradientSum::GradientSum(const Tensors& tensors, Group& group)
    : group_(group), scale_(group.size()) {
  std::vector<at::Tensor> parameters;
  for (auto entry = tensors.rbegin(); entry != tensors.rend(); ++entry) {
    if (!entry->trainable) continue;
    parameters.push_back(entry->tensor);
    bytes_ += static_cast<int64_t>(entry->tensor.nbytes());
  }
  const std::vector<size_t> limits{kFirstBucketBytes, kBucketBytes};
  auto [buckets, sizes] = c10d::compute_bucket_assignment_by_size(parameters, limits);
  reducer_ = std::make_unique<c10d::Reducer>(
      parameters, std::move(buckets), group.processes(),
      std::vector<bool>(parameters.size(), false), static_cast<int64_t>(kBucketBytes),
      /*find_unused_parameters=*/false, /*gradient_as_bucket_view=*/false,
      std::unordered_map<size_t, std::string>(), static_cast<int64_t>(kFirstBucketBytes),
      /*skip_all_reduce_unused_params=*/false, /*use_python_reducer=*/false,
      std::vector<int64_t>());
}

GradientSum::~GradientSum() = default;

void GradientSum::prepare(const at::Tensor& output) {
  if (reducer_->should_rebuild_buckets()) reducer_->rebuild_buckets();
  reducer_->prepare_for_forward();
  reducer_->prepare_for_backward({output});
  group_.count(bytes_, bytes_);
}

}  // namespace invp::nn
