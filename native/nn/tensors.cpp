#include "tensors.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <stdexcept>

namespace invp::nn {
namespace {

void check_bytes(const at::Tensor& tensor, int64_t bytes) {
  const auto expected = static_cast<int64_t>(tensor.nbytes());
  if (bytes != expected) {
    throw std::invalid_argument("buffer of " + std::to_string(bytes) + " bytes for a tensor of " +
                                std::to_string(expected));
  }
}

}  // namespace

const NamedTensor& tensor_at(const Tensors& tensors, int64_t index) {
  const auto count = static_cast<int64_t>(tensors.size());
  if (index < 0 || index >= count) {
    throw std::invalid_argument("tensor index " + std::to_string(index) + ", there are " +
                                std::to_string(count));
  }
  return tensors[static_cast<size_t>(index)];
}

const NamedTensor& parameter_at(const Tensors& tensors, int64_t index) {
  const auto& entry = tensor_at(tensors, index);
  if (!entry.trainable) {
    throw std::invalid_argument(entry.name + " is a buffer, not a parameter");
  }
  return entry;
}

void clear_gradients(const Tensors& tensors) {
  for (const auto& entry : tensors) entry.tensor.mutable_grad().reset();
}

void move_to(const Tensors& tensors, at::Device device) {
  for (const auto& entry : tensors) {
    if (entry.tensor.device() != device) entry.tensor.set_data(entry.tensor.detach().to(device));
  }
}

/* LibTorch takes no pointer to const; where it only reads, none is needed. */
at::Tensor over(const void* data, at::IntArrayRef shape, at::ScalarType type, at::Device device) {
  return at::for_blob(const_cast<void*>(data), shape)
      .options(at::TensorOptions().dtype(type).device(device))
      .target_device(device)
      .make_tensor();
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

void read_gradient(const at::Tensor& parameter, float* data, int64_t bytes) {
  check_bytes(parameter, bytes);
  if (parameter.grad().defined()) {
    read_tensor(parameter.grad(), data, bytes);
  } else {
    std::fill_n(data, parameter.numel(), 0.0f);
  }
}

}  // namespace invp::nn
