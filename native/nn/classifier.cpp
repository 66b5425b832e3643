#include "classifier.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/div.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ge.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <stdexcept>

#include "initialiser.h"

namespace invp::nn {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;
constexpr int64_t kMostInputs = 1 << 24;
constexpr int32_t kMostClasses = 1 << 20;

void check(const invp_nn_classifier_options& options) {
  const auto require = [](bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument("classifier option " + message);
  };
  require(options.inputs >= 1 && options.inputs <= kMostInputs,
          "inputs is " + std::to_string(options.inputs) + ", allowed are 1 to " +
              std::to_string(kMostInputs));
  require(options.classes >= 1 && options.classes <= kMostClasses,
          "classes is " + std::to_string(options.classes) + ", allowed are 1 to " +
              std::to_string(kMostClasses));
  require(
      options.normalisation >= INVP_NN_INPUTS_NONE && options.normalisation <= INVP_NN_INPUTS_BATCH,
      "normalisation is " + std::to_string(options.normalisation) + ", allowed are 0 to 2");
  require(
      options.deviation >= 0 && std::isfinite(options.deviation),
      "deviation is " + std::to_string(options.deviation) + ", it must be finite and at least 0");
}

/* The labels as cross_entropy_loss takes them; checked as a copy, which nobody else changes. */
at::Tensor class_indices(const int32_t* labels, int64_t batch, int64_t classes) {
  const auto copied = over(labels, {batch}, at::kInt).to(at::kLong);
  const auto* const values = copied.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < batch; ++row) {
    if (values[row] < 0 || values[row] >= classes) {
      throw std::invalid_argument("label " + std::to_string(values[row]) + " in row " +
                                  std::to_string(row) + ", allowed are 0 to " +
                                  std::to_string(classes - 1));
    }
  }
  return copied;
}

}  // namespace

Classifier::Classifier(const invp_nn_classifier_options& options, uint64_t seed)
    : options_(options) {
  check(options);
  weight_ = at::empty({options.classes, options.inputs});
  bias_ = at::zeros({options.classes});
  Initialiser initialiser(INVP_NN_INITIALISATION_DEFAULT, seed);
  if (options.deviation > 0) {
    initialiser.normal(weight_, options.deviation);
  } else {
    initialiser.linear(weight_, bias_);
  }
  const auto add = [&](const char* name, at::Tensor& tensor, bool trainable) {
    if (trainable) tensor.requires_grad_();
    tensors_.push_back({name, tensor, trainable});
  };
  if (options.normalisation != INVP_NN_INPUTS_NONE) {
    running_mean_ = at::zeros({options.inputs});
    running_var_ = at::ones({options.inputs});
  }
  if (options.normalisation == INVP_NN_INPUTS_AFFINE) {
    norm_weight_ = at::ones({options.inputs});
    norm_bias_ = at::zeros({options.inputs});
    add("norm.weight", norm_weight_, true);
    add("norm.bias", norm_bias_, true);
  } else if (options.normalisation == INVP_NN_INPUTS_BATCH) {
    add("norm.running_mean", running_mean_, false);
    add("norm.running_var", running_var_, false);
  }
  add("weight", weight_, true);
  add("bias", bias_, true);
}

at::Tensor Classifier::logits(const at::Tensor& inputs) const {
  const at::NoGradGuard no_graph;
  return forward(inputs, false);
}

double Classifier::cross_entropy(const at::Tensor& inputs, const int32_t* labels, float* logits) {
  const auto target = class_indices(labels, inputs.size(0), classes());
  const at::AutoGradMode record(true);
  const auto output = forward(inputs, true);
  return learn(output, at::cross_entropy_loss(output, target), logits);
}

/* As DeepCluster's evaluation on Pascal VOC (eval_voc_classif.py), which the published program's
 * voc_linear.py follows: entries to ignore add nothing, the rest is divided by the batch alone. */
double Classifier::binary_cross_entropy(const at::Tensor& inputs, const int32_t* targets,
                                        float* logits) {
  const auto batch = inputs.size(0);
  const auto copied = over(targets, {batch, classes()}, at::kInt).clone();
  const auto* const values = copied.const_data_ptr<int32_t>();
  for (int64_t i = 0; i < batch * classes(); ++i) {
    if (values[i] < -1 || values[i] > 1) {
      throw std::invalid_argument("target " + std::to_string(values[i]) + " in row " +
                                  std::to_string(i / classes()) + ", allowed are -1, 0 and 1");
    }
  }
  const auto target = copied.to(at::kFloat);
  const at::AutoGradMode record(true);
  const auto output = forward(inputs, true);
  const auto sum = at::binary_cross_entropy_with_logits(output, at::clamp(target, 0),
                                                        /*weight=*/at::ge(target, 0).to(at::kFloat),
                                                        /*pos_weight=*/{}, at::Reduction::Sum);
  return learn(output, sum.div(static_cast<double>(batch)), logits);
}

at::Tensor Classifier::forward(const at::Tensor& inputs, bool training) const {
  auto x = inputs;
  if (options_.normalisation == INVP_NN_INPUTS_AFFINE) {
    x = at::batch_norm(x, norm_weight_, norm_bias_, running_mean_, running_var_,
                       /*training=*/false, kMomentum, kEpsilon, /*cudnn_enabled=*/false);
  } else if (options_.normalisation == INVP_NN_INPUTS_BATCH) {
    if (training && x.size(0) < 2) {
      throw std::invalid_argument("batch normalisation in training needs at least 2 rows");
    }
    x = at::batch_norm(x, {}, {}, running_mean_, running_var_, training, kMomentum, kEpsilon,
                       /*cudnn_enabled=*/false);
  }
  return at::linear(x, weight_, bias_);
}

double Classifier::learn(const at::Tensor& logits, const at::Tensor& loss, float* out) const {
  if (out != nullptr) read_tensor(logits, out, static_cast<int64_t>(logits.nbytes()));
  loss.backward();
  return loss.item<double>();
}

}  // namespace invp::nn
