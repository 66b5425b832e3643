#include "network.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <stdexcept>

namespace invp::nn {
namespace {

void require_shape(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

/* A row-major tensor over the caller's memory. LibTorch takes no pointer to const; where it only
 * reads, none is needed. */
at::Tensor over(const void* data, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<void*>(data), shape, at::TensorOptions().dtype(type));
}

void check_bytes(const at::Tensor& tensor, int64_t bytes) {
  const auto expected = static_cast<int64_t>(tensor.nbytes());
  require_shape(bytes == expected, "buffer of " + std::to_string(bytes) +
                                       " bytes for a tensor of " + std::to_string(expected));
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
  require_shape(output_.defined(), "backward needs a forward just before it");
  require_shape(batch == output_.size(0), "gradient of " + std::to_string(batch) +
                                              " rows for embeddings of " +
                                              std::to_string(output_.size(0)));
  const auto output = std::exchange(output_, {});
  output.backward(over(gradient, output.sizes(), at::kFloat));
}

void Network::embed(const Images& images, float* features, float* embeddings) {
  const at::NoGradGuard no_graph;
  const auto rows = model_.features(to_tensor(images), Mode::kEvaluate);
  if (features != nullptr) read_tensor(rows, features, static_cast<int64_t>(rows.nbytes()));
  if (embeddings == nullptr) return;
  const auto out = model_.embeddings(rows, Mode::kEvaluate);
  read_tensor(out, embeddings, static_cast<int64_t>(out.nbytes()));
}

void Network::clear_gradients() {
  for (const auto& entry : model_.tensors()) entry.tensor.mutable_grad().reset();
}

const NamedTensor& Network::tensor(int64_t index) const {
  const auto count = static_cast<int64_t>(model_.tensors().size());
  require_shape(index >= 0 && index < count, "tensor index " + std::to_string(index) +
                                                 " of a network with " + std::to_string(count));
  return model_.tensors()[static_cast<size_t>(index)];
}

const NamedTensor& Network::parameter(int64_t index) const {
  const auto& entry = tensor(index);
  require_shape(entry.trainable, entry.name + " is a buffer, not a parameter");
  return entry;
}

void read_tensor(const at::Tensor& tensor, void* data, int64_t bytes) {
  check_bytes(tensor, bytes);
  const at::NoGradGuard no_graph;
  over(data, tensor.sizes(), tensor.scalar_type()).copy_(tensor);
}

void write_tensor(const at::Tensor& tensor, const void* data, int64_t bytes) {
  check_bytes(tensor, bytes);
  const at::NoGradGuard no_graph;
  tensor.copy_(over(data, tensor.sizes(), tensor.scalar_type()));
}

}  // namespace invp::nn
