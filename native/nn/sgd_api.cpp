/* The C ABI of invp/nn.h: the optimizers. */
#include <memory>

#include "handles.h"
#include "nn_guard.h"
#include "runtime.h"

using invp::require;
using invp::nn::enter;
using invp::nn::nn_guard;

namespace {

invp_nn_sgd* make_sgd(const invp::nn::Tensors& tensors,
                      const std::shared_ptr<invp::nn::Execution>& execution, double momentum,
                      double weight_decay, int32_t nesterov) {
  require(nesterov == 0 || nesterov == 1, "nesterov must be 0 or 1");
  return std::make_unique<invp_nn_sgd>(
             invp::nn::Sgd(tensors, execution, momentum, weight_decay, nesterov == 1))
      .release();
}

/* Where a network computes, without the loss scale: gradients of labels have none. */
std::shared_ptr<invp::nn::Execution> on_labels(const invp::nn::Network& network) {
  const auto& whole = *network.execution();
  invp_nn_network_options options{};
  options.device = whole.device.is_cpu() ? INVP_NN_DEVICE_CPU : INVP_NN_DEVICE_CUDA;
  options.device_index = whole.device.is_cpu() ? 0 : whole.device.index();
  auto same = std::make_shared<invp::nn::Execution>(options);
  same->stream = whole.stream;
  return same;
}

}  // namespace

INVP_EXPORT int32_t invp_nn_sgd_create(invp_nn_network* network, double momentum,
                                       double weight_decay, int32_t nesterov, invp_nn_sgd** sgd) {
  return nn_guard([&] {
    require(network != nullptr && sgd != nullptr, "network or sgd is null");
    *sgd = make_sgd(network->network.model().tensors(), network->network.execution(), momentum,
                    weight_decay, nesterov);
  });
}

INVP_EXPORT int32_t invp_nn_sgd_create_backbone(invp_nn_network* network, double momentum,
                                                double weight_decay, int32_t nesterov,
                                                invp_nn_sgd** sgd) {
  return nn_guard([&] {
    require(network != nullptr && sgd != nullptr, "network or sgd is null");
    *sgd = make_sgd(network->network.model().backbone_tensors(), on_labels(network->network),
                    momentum, weight_decay, nesterov);
  });
}

INVP_EXPORT int32_t invp_nn_sgd_create_classifier(invp_nn_classifier* classifier, double momentum,
                                                  double weight_decay, int32_t nesterov,
                                                  invp_nn_sgd** sgd) {
  return nn_guard([&] {
    require(classifier != nullptr && sgd != nullptr, "classifier or sgd is null");
    *sgd = make_sgd(classifier->classifier.tensors(),
                    std::make_shared<invp::nn::Execution>(invp_nn_network_options{}), momentum,
                    weight_decay, nesterov);
  });
}

INVP_EXPORT int32_t invp_nn_sgd_destroy(invp_nn_sgd* sgd) {
  return nn_guard([&] { std::unique_ptr<invp_nn_sgd>(sgd).reset(); });
}

INVP_EXPORT int32_t invp_nn_sgd_step(invp_nn_sgd* sgd, double learning_rate) {
  return nn_guard([&] {
    require(sgd != nullptr, "sgd is null");
    enter();
    sgd->sgd.step(learning_rate);
  });
}

INVP_EXPORT int32_t invp_nn_sgd_has_momentum(const invp_nn_sgd* sgd, int32_t* present) {
  return nn_guard([&] {
    require(sgd != nullptr && present != nullptr, "sgd or present is null");
    *present = sgd->sgd.has_momentum() ? 1 : 0;
  });
}

INVP_EXPORT int32_t invp_nn_sgd_clear_momentum(invp_nn_sgd* sgd) {
  return nn_guard([&] {
    require(sgd != nullptr, "sgd is null");
    sgd->sgd.clear_momentum();
  });
}

INVP_EXPORT int32_t invp_nn_sgd_momentum_read(const invp_nn_sgd* sgd, int64_t index, float* data,
                                              int64_t bytes) {
  return nn_guard([&] {
    require(sgd != nullptr && data != nullptr, "sgd or data is null");
    enter();
    sgd->sgd.read_momentum(index, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_sgd_momentum_write(invp_nn_sgd* sgd, int64_t index, const float* data,
                                               int64_t bytes) {
  return nn_guard([&] {
    require(sgd != nullptr && data != nullptr, "sgd or data is null");
    enter();
    sgd->sgd.write_momentum(index, data, bytes);
  });
}
