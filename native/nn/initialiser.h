/* Draws a network's first weights from a seed alone. */
#ifndef INVP_NN_INITIALISER_H
#define INVP_NN_INITIALISER_H

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <random>

namespace invp::nn {

/*
 * Has a generator of its own and draws one number after the other, so that equal seeds give equal
 * weights whatever the number of threads, the instruction set or LibTorch's global state.
 */
class Initialiser {
 public:
  Initialiser(int32_t kind, uint64_t seed) : kind_(kind), random_(seed) {}

  /* [out, in, height, width] */
  void convolution(at::Tensor& weight);
  /* [out, in] and [out], which may be undefined */
  void linear(at::Tensor& weight, at::Tensor& bias);
  /* Zero mean, whatever the kind. */
  void normal(at::Tensor& tensor, double deviation);

 private:
  void uniform(at::Tensor& tensor, double bound);
  double unit();

  int32_t kind_;
  std::mt19937_64 random_;
};

}  // namespace invp::nn

#endif
