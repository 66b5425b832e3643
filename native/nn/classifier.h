#ifndef INVP_NN_CLASSIFIER_H
#define INVP_NN_CLASSIFIER_H

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "invp/nn.h"
#include "tensors.h"

namespace invp::nn {

/* One linear layer, perhaps with a normalisation of its inputs before it: [B, inputs] to logits
 * [B, classes]. */
class Classifier {
 public:
  Classifier(const invp_nn_classifier_options& options, uint64_t seed);

  int64_t inputs() const { return options_.inputs; }
  int64_t classes() const { return options_.classes; }
  const Tensors& tensors() const { return tensors_; }

  /* Evaluation mode, without gradients. */
  at::Tensor logits(const at::Tensor& inputs) const;

  /* Training mode: add the gradients of the loss, for the inputs too where they have a graph, and
   * return the loss. `logits` may be null. */
  double cross_entropy(const at::Tensor& inputs, const int32_t* labels, float* logits);
  double binary_cross_entropy(const at::Tensor& inputs, const int32_t* targets, float* logits);

 private:
  at::Tensor forward(const at::Tensor& inputs, bool training) const;
  double learn(const at::Tensor& logits, const at::Tensor& loss, float* out) const;

  invp_nn_classifier_options options_;
  Tensors tensors_;
  at::Tensor weight_, bias_;
  at::Tensor norm_weight_, norm_bias_;     // undefined unless inputs are scaled
  at::Tensor running_mean_, running_var_;  // undefined unless inputs are normalised
};

}  // namespace invp::nn

#endif
