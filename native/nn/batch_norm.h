#ifndef INVP_NN_BATCH_NORM_H
#define INVP_NN_BATCH_NORM_H

#include <ATen/core/Tensor.h>

#include "tensors.h"

namespace invp::nn {

/* What follows the normalisation; done in the same pass. */
struct After {
  bool relu = false;
  at::Tensor residual = {}; /* added before ReLU; may be undefined */
};

/*
 * Batch normalisation with PyTorch's semantics (biased variance for the output, unbiased for the
 * running one, momentum 0.1, epsilon 1e-5), over [N, C, H, W] or [N, C]. By our own kernels for
 * float32 on the CPU, by LibTorch's for lower precision and on devices.
 */
class BatchNorm {
 public:
  /* Enters weight, bias, running_mean, running_var and num_batches_tracked under prefix. */
  BatchNorm(Tensors& tensors, const std::string& prefix, int64_t channels);

  /* By the batch's statistics, with gradients; updates the running ones. */
  at::Tensor train(const at::Tensor& x, const After& after);

  /* By the running statistics, with gradients; changes nothing. */
  at::Tensor tune(const at::Tensor& x, const After& after) const;

  /* By the running statistics, without gradients; may overwrite x. */
  at::Tensor evaluate(at::Tensor x, const After& after) const;

 private:
  at::Tensor weight_, bias_, running_mean_, running_var_, batches_;
};

}  // namespace invp::nn

#endif
