#include "initialiser.h"

#include <cmath>
#include <numbers>

#include "invp/nn.h"

namespace invp::nn {

void Initialiser::convolution(at::Tensor& weight) {
  const auto area = static_cast<double>(weight.size(2) * weight.size(3));
  if (kind_ == INVP_NN_INITIALISATION_KAIMING) {
    // Fan-out mode, gain sqrt(2) for ReLU.
    normal(weight, std::sqrt(2.0 / (static_cast<double>(weight.size(0)) * area)));
  } else {
    // Kaiming uniform with a = sqrt(5), as PyTorch's layers start, is 1 / sqrt(fan-in).
    uniform(weight, 1.0 / std::sqrt(static_cast<double>(weight.size(1)) * area));
  }
}

void Initialiser::linear(at::Tensor& weight, at::Tensor& bias) {
  const auto out = static_cast<double>(weight.size(0));
  const auto in = static_cast<double>(weight.size(1));
  if (kind_ == INVP_NN_INITIALISATION_KAIMING) {
    uniform(weight, std::sqrt(6.0 / (in + out)));
    if (bias.defined()) bias.zero_();
  } else {
    uniform(weight, 1.0 / std::sqrt(in));
    if (bias.defined()) uniform(bias, 1.0 / std::sqrt(in));
  }
}

void Initialiser::uniform(at::Tensor& tensor, double bound) {
  auto* values = tensor.mutable_data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>((2.0 * unit() - 1.0) * bound);
  }
}

/* Box and Muller's transform, both of its numbers. */
void Initialiser::normal(at::Tensor& tensor, double deviation) {
  auto* values = tensor.mutable_data_ptr<float>();
  const int64_t count = tensor.numel();
  for (int64_t i = 0; i < count; i += 2) {
    const double radius = deviation * std::sqrt(-2.0 * std::log(1.0 - unit()));
    const double angle = 2.0 * std::numbers::pi * unit();
    values[i] = static_cast<float>(radius * std::cos(angle));
    if (i + 1 < count) values[i + 1] = static_cast<float>(radius * std::sin(angle));
  }
}

/* Uniform in [0, 1). */
double Initialiser::unit() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

}  // namespace invp::nn
