#ifndef INVP_NN_LAYERS_H
#define INVP_NN_LAYERS_H

#include <ATen/core/Tensor.h>

#include "initialiser.h"
#include "tensors.h"

namespace invp::nn {

/* A convolution without bias; its weight and output are channels-last. */
class Convolution {
 public:
  struct Shape {
    int64_t in, out, kernel, stride, padding;
  };

  Convolution(Tensors& tensors, const std::string& name, const Shape& shape,
              Initialiser& initialiser);

  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor weight_;
  Shape shape_;
};

/* [B, in] to [B, out] */
class Linear {
 public:
  Linear(Tensors& tensors, const std::string& name, int64_t in, int64_t out, bool bias,
         Initialiser& initialiser);

  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor weight_, bias_;
};

}  // namespace invp::nn

#endif
