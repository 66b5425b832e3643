#ifndef INVP_NN_LOSS_SCALE_H
#define INVP_NN_LOSS_SCALE_H

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace invp::nn {

/*
 * The loss scale of training in half precision (Micikevicius et al., "Mixed precision training",
 * ICLR 2018), with the rules and constants of torch.amp.GradScaler. All of it lies on the network's
 * device: no step waits to learn whether it is taken.
 */
class LossScale {
 public:
  static constexpr float kStart = 65536;
  static constexpr double kGrowth = 2, kBackoff = 0.5;
  static constexpr int64_t kGrowthInterval = 2000;

  explicit LossScale(at::Device device);

  /* A gradient to begin backward with. */
  at::Tensor scaled(const at::Tensor& slope) const;
  /* A gradient that backward made, as it would be without the scale. */
  at::Tensor unscaled(const at::Tensor& gradient) const;

  /* Divides gradients by the scale, in place. Returns a number: 1 if any was not finite, in which
   * case the step must not be taken, else 0. Sets the scale of the next step. */
  at::Tensor unscale_and_update(at::TensorList gradients);

  float value() const;
  int32_t good_steps() const;
  /* Throws std::invalid_argument for what no run can have. */
  void restore(float value, int32_t good_steps);

 private:
  at::Tensor scale_, good_steps_;
};

}  // namespace invp::nn

#endif
