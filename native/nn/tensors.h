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

}  // namespace invp::nn

#endif
