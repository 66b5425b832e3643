#include "sgd.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <stdexcept>

namespace invp::nn {

Sgd::Sgd(Tensors tensors, std::shared_ptr<Execution> execution, double momentum,
         double weight_decay, bool nesterov)
    : tensors_(std::move(tensors)),
      execution_(std::move(execution)),
      momentum_(momentum),
      weight_decay_(weight_decay),
      nesterov_(nesterov) {
  if (!(momentum >= 0 && momentum <= 1)) {
    throw std::invalid_argument("momentum is " + std::to_string(momentum) + ", allowed are 0 to 1");
  }
  if (!(weight_decay >= 0 && std::isfinite(weight_decay))) {
    throw std::invalid_argument("weight decay is " + std::to_string(weight_decay) +
                                ", it must be finite and at least 0");
  }
  if (nesterov && momentum == 0) {
    throw std::invalid_argument("nesterov needs a momentum above 0");
  }
  for (size_t i = 0; i < tensors_.size(); ++i) {
    if (!tensors_[i].trainable) continue;
    positions_.emplace(static_cast<int64_t>(i), parameters_.size());
    parameters_.push_back(tensors_[i].tensor);
  }
}

void Sgd::step(double learning_rate) {
  if (!std::isfinite(learning_rate) || learning_rate < 0) {
    throw std::invalid_argument("learning rate is " + std::to_string(learning_rate) +
                                ", it must be finite and at least 0");
  }
  const Entered here(*execution_);
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters_.size());
  for (const auto& parameter : parameters_) {
    if (!parameter.grad().defined()) {
      throw std::invalid_argument("a step needs gradients: call backward first");
    }
    // The fused kernel walks memory, so layouts have to agree; they do unless LibTorch changes.
    const auto& gradient = parameter.grad();
    gradients.push_back(gradient.strides() == parameter.strides()
                            ? gradient
                            : zeros_like(parameter).copy_(gradient));
  }
  const at::NoGradGuard no_graph;
  const bool first = momentum_ != 0 && buffers_.empty();
  if (first) make_buffers();
  // Whether a scaled step is taken is known to the device alone. Where the first one was not, the
  // next is first: a buffer of zeros does what a first step does, so that no step need say it is.
  std::optional<at::Tensor> skip;
  if (execution_->loss_scale != nullptr) {
    skip = execution_->loss_scale->unscale_and_update(gradients);
  }
  at::_fused_sgd_(parameters_, gradients, buffers_, weight_decay_, momentum_, learning_rate,
                  /*dampening=*/0.0, nesterov_, /*maximize=*/false,
                  /*is_first_step=*/first && !skip.has_value(), /*grad_scale=*/{},
                  /*found_inf=*/skip);
  clear_gradients(tensors_);
}

void Sgd::read_momentum(int64_t index, float* data, int64_t bytes) const {
  const Entered here(*execution_);
  const auto at = position(index);
  if (buffers_.empty()) throw std::invalid_argument("no momentum before the first step");
  read_tensor(buffers_[at], data, bytes);
}

void Sgd::write_momentum(int64_t index, const float* data, int64_t bytes) {
  const Entered here(*execution_);
  const auto at = position(index);
  if (momentum_ == 0) throw std::invalid_argument("this optimizer has no momentum");
  if (buffers_.empty()) make_buffers();
  write_tensor(buffers_[at], data, bytes);
}

size_t Sgd::position(int64_t index) const {
  parameter_at(tensors_, index);
  return positions_.at(index);
}

void Sgd::make_buffers() {
  for (const auto& parameter : parameters_) buffers_.push_back(at::zeros_like(parameter.detach()));
}

}  // namespace invp::nn
