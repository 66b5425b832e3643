/* Sums a network's gradients over a process group, in buckets, while backward still runs. */
#ifndef INVP_NN_GRADIENT_SUM_H
#define INVP_NN_GRADIENT_SUM_H

#include <memory>

#include "group.h"
#include "tensors.h"

namespace c10d {
class Reducer;
}

namespace invp::nn {

/*
 * Hooks of c10d's Reducer on the parameters' gradients: a bucket's all-reduce starts as soon as the
 * last gradient in it is there, and goes on while earlier layers are still computed. Buckets are
 * filled from the last parameter to the first, the order in which gradients come.
 */
class GradientSum {
 public:
  GradientSum(const Tensors& tensors, Group& group);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /* Before the backward that starts at `output`. */
  void prepare(const at::Tensor& output);
  /* The Reducer takes means; a gradient is multiplied by this first. */
  double scale() const { return scale_; }

 private:
  Group& group_;
  int64_t bytes_ = 0;
  double scale_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

}  // namespace invp::nn

#endif
