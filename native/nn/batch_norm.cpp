#include "batch_norm.h"

#include <ATen/ops/batch_norm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <stdexcept>

#include "batch_norm_kernels.h"

namespace invp::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;

/* The same values with the channels innermost, without a copy where they already are. */
at::Tensor channels_last(const at::Tensor& tensor) {
  return tensor.contiguous(tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                             : at::MemoryFormat::Contiguous);
}

/* What our kernels take. */
bool ours(const at::Tensor& x) { return x.device().is_cpu() && x.scalar_type() == at::kFloat; }

/* What follows a normalisation that is nobody else's. */
at::Tensor followed(at::Tensor y, const After& after) {
  if (after.residual.defined()) y.add_(after.residual);
  return after.relu ? y.relu_() : y;
}

kernels::Extent extent_of(const at::Tensor& x) { return {x.numel() / x.size(1), x.size(1)}; }

const float* data_or_null(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

/* Batch normalisation, residual addition and ReLU as one node of the graph. */
struct Normalise : torch::autograd::Function<Normalise> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const std::optional<at::Tensor>& residual,
                            bool relu, const at::Tensor& mean,
                            const at::Tensor& inverse_deviation) {
    const auto extent = extent_of(x);
    std::vector<float> scale(extent.channels), shift(extent.channels);
    for (int64_t i = 0; i < extent.channels; ++i) {
      scale[i] = weight.const_data_ptr<float>()[i] * inverse_deviation.const_data_ptr<float>()[i];
      shift[i] = bias.const_data_ptr<float>()[i] - mean.const_data_ptr<float>()[i] * scale[i];
    }
    auto y = at::empty_like(x);
    kernels::apply(extent, x.const_data_ptr<float>(), scale.data(), shift.data(),
                   residual ? residual->const_data_ptr<float>() : nullptr, relu,
                   y.mutable_data_ptr<float>());
    context->save_for_backward({x, weight, mean, inverse_deviation, relu ? y : at::Tensor()});
    context->saved_data["residual"] = residual.has_value();
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto& x = saved[0];
    const auto dy = channels_last(gradients[0]);
    const auto dx = at::empty_like(x);
    const auto dweight = at::empty_like(saved[1]);
    const auto dbias = at::empty_like(saved[1]);
    const auto dresidual =
        context->saved_data["residual"].toBool() ? at::empty_like(x) : at::Tensor();
    kernels::gradient(
        extent_of(x),
        {.dy = dy.const_data_ptr<float>(),
         .y = data_or_null(saved[4]),
         .x = x.const_data_ptr<float>(),
         .mean = saved[2].const_data_ptr<float>(),
         .inverse_deviation = saved[3].const_data_ptr<float>(),
         .weight = saved[1].const_data_ptr<float>(),
         .dx = dx.mutable_data_ptr<float>(),
         .dweight = dweight.mutable_data_ptr<float>(),
         .dbias = dbias.mutable_data_ptr<float>(),
         .dresidual = dresidual.defined() ? dresidual.mutable_data_ptr<float>() : nullptr});
    return {dx, dweight, dbias, dresidual, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

BatchNorm::BatchNorm(Tensors& tensors, const std::string& prefix, int64_t channels)
    : weight_(at::ones({channels})),
      bias_(at::zeros({channels})),
      running_mean_(at::zeros({channels})),
      running_var_(at::ones({channels})),
      batches_(at::zeros({}, at::kLong)) {
  weight_.requires_grad_();
  bias_.requires_grad_();
  tensors.push_back({prefix + ".weight", weight_, true});
  tensors.push_back({prefix + ".bias", bias_, true});
  tensors.push_back({prefix + ".running_mean", running_mean_, false});
  tensors.push_back({prefix + ".running_var", running_var_, false});
  tensors.push_back({prefix + ".num_batches_tracked", batches_, false});
}

at::Tensor BatchNorm::train(const at::Tensor& input, const After& after) {
  const auto x = channels_last(input);
  const auto extent = extent_of(x);
  if (extent.rows < 2) {
    throw std::invalid_argument(
        "batch normalisation in training needs more than one value per channel: use a batch of at "
        "least 2 images");
  }
  if (!ours(x)) {
    batches_.add_(1);
    return followed(at::batch_norm(x, weight_, bias_, running_mean_, running_var_,
                                   /*training=*/true, kMomentum, kEpsilon, /*cudnn_enabled=*/true),
                    after);
  }
  const auto mean = at::empty({extent.channels});
  const auto inverse_deviation = at::empty({extent.channels});
  auto* means = mean.mutable_data_ptr<float>();
  auto* deviations = inverse_deviation.mutable_data_ptr<float>();
  kernels::moments(extent, x.const_data_ptr<float>(), means, deviations);

  auto* running_mean = running_mean_.mutable_data_ptr<float>();
  auto* running_var = running_var_.mutable_data_ptr<float>();
  const double unbiased = static_cast<double>(extent.rows) / static_cast<double>(extent.rows - 1);
  for (int64_t i = 0; i < extent.channels; ++i) {
    const double variance = deviations[i];
    running_mean[i] = static_cast<float>(kMomentum * means[i] + (1 - kMomentum) * running_mean[i]);
    running_var[i] =
        static_cast<float>(kMomentum * variance * unbiased + (1 - kMomentum) * running_var[i]);
    deviations[i] = static_cast<float>(1 / std::sqrt(variance + kEpsilon));
  }
  *batches_.mutable_data_ptr<int64_t>() += 1;
  return Normalise::apply(
      x, weight_, bias_,
      after.residual.defined() ? std::make_optional(channels_last(after.residual)) : std::nullopt,
      after.relu, mean, inverse_deviation);
}

at::Tensor BatchNorm::tune(const at::Tensor& x, const After& after) const {
  return followed(at::batch_norm(x, weight_, bias_, running_mean_, running_var_, /*training=*/false,
                                 kMomentum, kEpsilon, /*cudnn_enabled=*/true),
                  after);
}

at::Tensor BatchNorm::evaluate(at::Tensor input, const After& after) const {
  if (!ours(input)) return tune(input, after);
  const auto x = channels_last(input);
  const auto extent = extent_of(x);
  std::vector<float> scale(extent.channels), shift(extent.channels);
  for (int64_t i = 0; i < extent.channels; ++i) {
    scale[i] = static_cast<float>(weight_.const_data_ptr<float>()[i] /
                                  std::sqrt(running_var_.const_data_ptr<float>()[i] + kEpsilon));
    shift[i] =
        bias_.const_data_ptr<float>()[i] - running_mean_.const_data_ptr<float>()[i] * scale[i];
  }
  const auto residual = after.residual.defined() ? channels_last(after.residual) : at::Tensor();
  kernels::apply(extent, x.const_data_ptr<float>(), scale.data(), shift.data(),
                 data_or_null(residual), after.relu, x.mutable_data_ptr<float>());
  return x;
}

}  // namespace invp::nn
