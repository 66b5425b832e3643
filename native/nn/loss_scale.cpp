#include "loss_scale.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_amp_foreach_non_finite_check_and_unscale.h>
#include <ATen/ops/_amp_update_scale.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/reciprocal.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace invp::nn {

LossScale::LossScale(at::Device device)
    : scale_(at::full({1}, kStart, at::TensorOptions().dtype(at::kFloat).device(device))),
      good_steps_(at::zeros({1}, at::TensorOptions().dtype(at::kInt).device(device))) {}

at::Tensor LossScale::scaled(const at::Tensor& slope) const { return at::mul(slope, scale_); }

at::Tensor LossScale::unscaled(const at::Tensor& gradient) const {
  const at::NoGradGuard no_graph;
  return at::mul(gradient, at::reciprocal(scale_));
}

at::Tensor LossScale::unscale_and_update(at::TensorList gradients) {
  const at::NoGradGuard no_graph;
  auto found = at::zeros({1}, scale_.options());
  at::_amp_foreach_non_finite_check_and_unscale_(gradients, found, at::reciprocal(scale_));
  at::_amp_update_scale_(scale_, good_steps_, found, kGrowth, kBackoff, kGrowthInterval);
  return found;
}

float LossScale::value() const { return scale_.item<float>(); }

int32_t LossScale::good_steps() const { return good_steps_.item<int32_t>(); }

void LossScale::restore(float value, int32_t good_steps) {
  if (!(value > 0 && std::isfinite(value)) || good_steps < 0 || good_steps >= kGrowthInterval) {
    throw std::invalid_argument("loss scale is " + std::to_string(value) + " after " +
                                std::to_string(good_steps) +
                                " good steps, it must be positive and finite, and they 0 to " +
                                std::to_string(kGrowthInterval - 1));
  }
  scale_.fill_(value);
  good_steps_.fill_(good_steps);
}

}  // namespace invp::nn
