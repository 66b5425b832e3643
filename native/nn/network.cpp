#include "network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/empty.h>

#include <stdexcept>

#include "arrays.h"

namespace invp::nn {
namespace {

constexpr int32_t kLargestPool = 1024;

void require_shape(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

}  // namespace

void Network::require_images(const Images& images) const {
  require_shape(images.batch > 0 && images.height > 0 && images.width > 0,
                "images of shape [" + std::to_string(images.batch) + ", " +
                    std::to_string(model_.channels()) + ", " + std::to_string(images.height) +
                    ", " + std::to_string(images.width) + "]: every extent must be at least 1");
}

at::Tensor Network::to_tensor(const Images& images) const {
  require_images(images);
  // A copy in any case: backward reads the images again, the caller's buffer may change before.
  const auto shape = {images.batch, model_.channels(), images.height, images.width};
  auto tensor = at::empty(
      shape,
      at::TensorOptions().device(execution_->device).memory_format(at::MemoryFormat::ChannelsLast));
  tensor.copy_(over(images.pixels, shape, at::kFloat));
  return tensor;
}

at::Tensor Network::features(const Images& images, Mode mode) {
  const auto x = to_tensor(images);
  const Autocast cast(*execution_);
  return model_.features(x, mode);
}

void Network::forward(const Images& images, float* embeddings) {
  output_.reset();
  const Entered here(*execution_);
  const at::AutoGradMode record(true);
  output_ = model_.embeddings(features(images, Mode::kTrain), Mode::kTrain);
  const at::NoGradGuard no_graph;
  over(embeddings, output_.sizes(), at::kFloat, execution_->device).copy_(output_);
}

void Network::backward(const float* gradient, int64_t batch) {
  if (batch == 0 && sum_ != nullptr) {
    output_.reset();
    return sum_->backward_of_nothing();
  }
  require_shape(output_.defined(), "backward needs a forward just before it");
  require_shape(batch == output_.size(0), "gradient of " + std::to_string(batch) +
                                              " rows for embeddings of " +
                                              std::to_string(output_.size(0)));
  const Entered here(*execution_);
  const auto output = std::exchange(output_, {});
  auto slope = over(gradient, output.sizes(), at::kFloat, execution_->device);
  if (execution_->loss_scale != nullptr) slope = execution_->loss_scale->scaled(slope);
  if (sum_ != nullptr) return sum_->backward(output, slope);
  output.backward(slope);
}

void Network::set_group(Group* group) {
  const Entered here(*execution_);
  sum_.reset();
  if (group != nullptr) sum_ = std::make_unique<GradientSum>(model_.tensors(), *group);
}

void Network::set_stream(void* stream) {
  require_shape(stream == nullptr || execution_->device.is_cuda(),
                "a network on the CPU has no stream");
  execution_->stream = stream;
}

void Network::read_gradient(int64_t index, float* data, int64_t bytes) const {
  const Entered here(*execution_);
  const auto& parameter = parameter_at(model_.tensors(), index).tensor;
  if (execution_->loss_scale == nullptr || !parameter.grad().defined()) {
    return nn::read_gradient(parameter, data, bytes);
  }
  read_tensor(execution_->loss_scale->unscaled(parameter.grad()), data, bytes);
}

void Network::embed(const Images& images, float* features, float* embeddings) {
  const Entered here(*execution_);
  const at::NoGradGuard no_graph;
  const auto rows = this->features(images, Mode::kEvaluate);
  if (features != nullptr) read_tensor(rows, features, static_cast<int64_t>(rows.nbytes()));
  if (embeddings == nullptr) return;
  const auto out = model_.embeddings(rows, Mode::kEvaluate);
  read_tensor(out, embeddings, static_cast<int64_t>(out.nbytes()));
}

void Network::block_features(const Images& images, const std::vector<int32_t>& pool,
                             float* features, int64_t floats) {
  const auto& blocks = model_.blocks();
  require_shape(pool.size() == blocks.size(), std::to_string(pool.size()) + " pool sizes for " +
                                                  std::to_string(blocks.size()) + " blocks");
  require_images(images);
  int64_t expected = 0;
  for (size_t i = 0; i < pool.size(); ++i) {
    require_shape(pool[i] >= 0 && pool[i] <= kLargestPool, "pool size " + std::to_string(pool[i]) +
                                                               ", allowed are 0 to " +
                                                               std::to_string(kLargestPool));
    expected += static_cast<int64_t>(
        array_bytes("features", 1, {images.batch, blocks[i].channels, pool[i], pool[i]}));
  }
  require_shape(floats == expected, "room for " + std::to_string(floats) + " of " +
                                        std::to_string(expected) + " features");
  const Entered here(*execution_);
  const at::NoGradGuard no_graph;
  const auto x = to_tensor(images);
  const Autocast cast(*execution_);
  model_.convolve(x, Mode::kEvaluate, [&](size_t block, const at::Tensor& y) {
    if (pool[block] == 0) return;
    const auto pooled = at::adaptive_avg_pool2d(y.to(at::kFloat), {pool[block], pool[block]});
    read_tensor(pooled, features, static_cast<int64_t>(pooled.nbytes()));
    features += pooled.numel();
  });
}

double Network::cross_entropy(const Images& images, Classifier& classifier, const int32_t* labels,
                              Mode mode, float* logits) {
  require_shape(classifier.inputs() == model_.feature_dimension(),
                "a classifier of " + std::to_string(classifier.inputs()) + " inputs for " +
                    std::to_string(model_.feature_dimension()) + " features");
  require_shape(sum_ == nullptr, "training on labels has no process group");
  const Entered here(*execution_);
  const at::AutoGradMode record(true);
  const auto features = model_.features(to_tensor(images), mode);
  return classifier.cross_entropy(features.to(at::kCPU), labels, logits);
}

}  // namespace invp::nn
