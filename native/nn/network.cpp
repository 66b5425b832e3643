#include "network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/empty.h>

#include <stdexcept>

namespace invp::nn {
namespace {

constexpr int32_t kLargestPool = 1024;

void require_shape(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

}  // namespace

at::Tensor Network::to_tensor(const Images& images) const {
  require_shape(images.batch > 0 && images.height > 0 && images.width > 0,
                "images of shape [" + std::to_string(images.batch) + ", " +
                    std::to_string(model_.channels()) + ", " + std::to_string(images.height) +
                    ", " + std::to_string(images.width) + "]: every extent must be at least 1");
  // A copy in any case: backward reads the images again, the caller's buffer may change before.
  const auto shape = {images.batch, model_.channels(), images.height, images.width};
  auto tensor = at::empty(shape, at::TensorOptions().memory_format(at::MemoryFormat::ChannelsLast));
  tensor.copy_(over(images.pixels, shape, at::kFloat));
  return tensor;
}

void Network::forward(const Images& images, float* embeddings) {
  output_.reset();
  const auto x = to_tensor(images);
  const at::AutoGradMode record(true);
  output_ = model_.embeddings(model_.features(x, Mode::kTrain), Mode::kTrain);
  read_tensor(output_, embeddings, static_cast<int64_t>(output_.nbytes()));
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
  const auto output = std::exchange(output_, {});
  const auto slope = over(gradient, output.sizes(), at::kFloat);
  if (sum_ != nullptr) return sum_->backward(output, slope);
  output.backward(slope);
}

void Network::set_group(Group* group) {
  sum_.reset();
  if (group != nullptr) sum_ = std::make_unique<GradientSum>(model_.tensors(), *group);
}

void Network::embed(const Images& images, float* features, float* embeddings) {
  const at::NoGradGuard no_graph;
  const auto rows = model_.features(to_tensor(images), Mode::kEvaluate);
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
  int64_t expected = 0;
  for (size_t i = 0; i < pool.size(); ++i) {
    require_shape(pool[i] >= 0 && pool[i] <= kLargestPool, "pool size " + std::to_string(pool[i]) +
                                                               ", allowed are 0 to " +
                                                               std::to_string(kLargestPool));
    expected += images.batch * blocks[i].channels * pool[i] * pool[i];
  }
  require_shape(floats == expected, "room for " + std::to_string(floats) + " of " +
                                        std::to_string(expected) + " features");
  const at::NoGradGuard no_graph;
  model_.convolve(to_tensor(images), Mode::kEvaluate, [&](size_t block, const at::Tensor& x) {
    if (pool[block] == 0) return;
    const auto pooled = at::adaptive_avg_pool2d(x, {pool[block], pool[block]});
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
  const at::AutoGradMode record(true);
  return classifier.cross_entropy(model_.features(to_tensor(images), mode), labels, logits);
}

}  // namespace invp::nn
