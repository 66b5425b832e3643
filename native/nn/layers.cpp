#include "layers.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/slice.h>

namespace invp::nn {
namespace {

// Below a vector's number of input channels oneDNN's kernels for the weights' gradient of a strided
// 1x1 convolution write past their buffers (LibTorch 2.13.0): that for AVX2, of 8 numbers, and that
// for AVX-512, of 16, where the threads do not divide the batch. layers_test has the shapes.
constexpr int64_t kFewChannels = 16;

/* The pixels that a strided 1x1 convolution looks at. */
at::Tensor strided(const at::Tensor& x, int64_t stride) {
  return at::slice(at::slice(x, 2, 0, std::nullopt, stride), 3, 0, std::nullopt, stride)
      .contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace

Convolution::Convolution(Tensors& tensors, const std::string& name, const Shape& shape,
                         Initialiser& initialiser)
    : weight_(at::empty({shape.out, shape.in, shape.kernel, shape.kernel})), shape_(shape) {
  initialiser.convolution(weight_);
  weight_ = weight_.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  tensors.push_back({name + ".weight", weight_, true});
}

at::Tensor Convolution::forward(const at::Tensor& x) const {
  if (shape_.kernel == 1 && shape_.stride > 1 && shape_.in < kFewChannels) {
    return at::conv2d(strided(x, shape_.stride), weight_);
  }
  return at::conv2d(x, weight_, {}, shape_.stride, shape_.padding);
}

Linear::Linear(Tensors& tensors, const std::string& name, int64_t in, int64_t out, bool bias,
               Initialiser& initialiser)
    : weight_(at::empty({out, in})), bias_(bias ? at::empty({out}) : at::Tensor()) {
  initialiser.linear(weight_, bias_);
  weight_.requires_grad_();
  tensors.push_back({name + ".weight", weight_, true});
  if (bias) {
    bias_.requires_grad_();
    tensors.push_back({name + ".bias", bias_, true});
  }
}

at::Tensor Linear::forward(const at::Tensor& x) const { return at::linear(x, weight_, bias_); }

}  // namespace invp::nn
