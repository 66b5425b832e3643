/* A network's parameters and buffers by name, in the order PyTorch lists them. */
#ifndef INVP_NN_TENSORS_H
#define INVP_NN_TENSORS_H

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace invp::nn {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
  bool trainable;
};

using Tensors = std::vector<NamedTensor>;

/* Throw std::invalid_argument for an index out of range, or a buffer. */
const NamedTensor& tensor_at(const Tensors& tensors, int64_t index);
const NamedTensor& parameter_at(const Tensors& tensors, int64_t index);

void clear_gradients(const Tensors& tensors);

/* Moves all of them; whoever holds one of the tensors sees it moved. */
void move_to(const Tensors& tensors, at::Device device);

/* A row-major tensor over the caller's memory, on the host or on a device; LibTorch must only read
 * it if it is const. */
at::Tensor over(const void* data, at::IntArrayRef shape, at::ScalarType type,
                at::Device device = at::kCPU);

/* Copies between a tensor of any layout and row-major memory of exactly its size. */
void read_tensor(const at::Tensor& tensor, void* data, int64_t bytes);
void write_tensor(const at::Tensor& tensor, const void* data, int64_t bytes);
/* A parameter's gradient; zeros if there is none. */
void read_gradient(const at::Tensor& parameter, float* data, int64_t bytes);

}  // namespace invp::nn

#endif
