/* Sums a network's gradients over a process group, in buckets, while backward still runs. */
#ifndef INVP_NN_GRADIENT_SUM_H
#define INVP_NN_GRADIENT_SUM_H

#include <memory>
#include <vector>

#include "device_sum.h"
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
  /* All tensors on one device. Collective where that is a GPU. */
  GradientSum(const Tensors& tensors, Group& group);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  /* The gradients of `output`, given its own, summed over the group. */
  void backward(const at::Tensor& output, const at::Tensor& slope);
  /* The part of a rank without images: zeros. */
  void backward_of_nothing();

 private:
  Group& group_;
  std::unique_ptr<DeviceSum> device_; /* where the tensors lie on a GPU */
  int64_t bytes_ = 0;
  std::vector<at::Tensor> parameters_;
  std::unique_ptr<c10d::Reducer> reducer_;
};

}  // namespace invp::nn

#endif
