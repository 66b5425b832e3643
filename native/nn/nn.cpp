/* The C ABI of invp/nn.h over the classes of this folder. */
#include "invp/nn.h"

#include <memory>

#include "memory.h"
#include "network.h"
#include "nn_guard.h"
#include "runtime.h"
#include "sgd.h"

struct invp_nn_network {
  invp::nn::Network network;
};
struct invp_nn_sgd {
  invp::nn::Sgd sgd;
};

using invp::copy_text;
using invp::require;
using invp::nn::enter;
using invp::nn::nn_guard;

namespace {

/* Texts have no status; an exception leaves an empty one. */
template <typename Text>
int64_t give_text(Text text, char* buffer, int64_t capacity) noexcept {
  std::string result;
  nn_guard([&] { result = text(); });
  return copy_text(result, buffer, capacity);
}

}  // namespace

INVP_EXPORT int32_t invp_nn_abi_version(void) { return INVP_NN_ABI_VERSION; }

INVP_EXPORT int64_t invp_nn_last_error(char* buffer, int64_t capacity) {
  return copy_text(invp::last_error(), buffer, capacity);
}

INVP_EXPORT int64_t invp_nn_build_info(char* buffer, int64_t capacity) {
  return give_text(invp::nn::build_info, buffer, capacity);
}

INVP_EXPORT int64_t invp_nn_libtorch_version(char* buffer, int64_t capacity) {
  return give_text(invp::nn::libtorch_version, buffer, capacity);
}

INVP_EXPORT int64_t invp_nn_cpu_capability(char* buffer, int64_t capacity) {
  return give_text(invp::nn::cpu_capability, buffer, capacity);
}

INVP_EXPORT int32_t invp_nn_set_threads(int32_t threads) {
  return nn_guard([&] { invp::nn::set_threads(threads); });
}

INVP_EXPORT int32_t invp_nn_threads(int32_t* threads) {
  return nn_guard([&] {
    require(threads != nullptr, "threads is null");
    *threads = invp::nn::threads();
  });
}

INVP_EXPORT int32_t invp_nn_network_create(const invp_nn_network_options* options, uint64_t seed,
                                           invp_nn_network** network) {
  return nn_guard([&] {
    require(options != nullptr && network != nullptr, "options or network is null");
    enter();
    *network = std::make_unique<invp_nn_network>(invp::nn::Network(*options, seed)).release();
  });
}

INVP_EXPORT int32_t invp_nn_network_destroy(invp_nn_network* network) {
  return nn_guard([&] {
    std::unique_ptr<invp_nn_network>(network).reset();
    invp::nn::release_cached_blocks();
  });
}

INVP_EXPORT int32_t invp_nn_network_feature_dimension(const invp_nn_network* network,
                                                      int64_t* dimension) {
  return nn_guard([&] {
    require(network != nullptr && dimension != nullptr, "network or dimension is null");
    *dimension = network->network.model().feature_dimension();
  });
}

INVP_EXPORT int32_t invp_nn_network_forward(invp_nn_network* network, const float* images,
                                            int64_t batch, int64_t height, int64_t width,
                                            float* embeddings) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    require(images != nullptr && embeddings != nullptr, "images or embeddings is null");
    enter();
    network->network.forward({images, batch, height, width}, embeddings);
  });
}

INVP_EXPORT int32_t invp_nn_network_backward(invp_nn_network* network, const float* gradient,
                                             int64_t batch) {
  return nn_guard([&] {
    require(network != nullptr && gradient != nullptr, "network or gradient is null");
    enter();
    network->network.backward(gradient, batch);
  });
}

INVP_EXPORT int32_t invp_nn_network_embed(invp_nn_network* network, const float* images,
                                          int64_t batch, int64_t height, int64_t width,
                                          float* features, float* embeddings) {
  return nn_guard([&] {
    require(network != nullptr && images != nullptr, "network or images is null");
    enter();
    network->network.embed({images, batch, height, width}, features, embeddings);
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_count(const invp_nn_network* network, int64_t* count) {
  return nn_guard([&] {
    require(network != nullptr && count != nullptr, "network or count is null");
    *count = static_cast<int64_t>(network->network.model().tensors().size());
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_info(const invp_nn_network* network, int64_t index,
                                                char* name, int64_t name_capacity, int32_t* dtype,
                                                int32_t* rank, int64_t* shape, int32_t* trainable) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    require(dtype != nullptr && rank != nullptr && shape != nullptr && trainable != nullptr,
            "dtype, rank, shape or trainable is null");
    const auto& entry = network->network.tensor(index);
    const auto sizes = entry.tensor.sizes();
    copy_text(entry.name, name, name_capacity);
    *dtype = entry.tensor.scalar_type() == at::kLong ? INVP_NN_INT64 : INVP_NN_FLOAT32;
    *rank = static_cast<int32_t>(sizes.size());
    std::copy(sizes.begin(), sizes.end(), shape);
    *trainable = entry.trainable ? 1 : 0;
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_read(const invp_nn_network* network, int64_t index,
                                                void* data, int64_t bytes) {
  return nn_guard([&] {
    require(network != nullptr && data != nullptr, "network or data is null");
    enter();
    invp::nn::read_tensor(network->network.tensor(index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_write(invp_nn_network* network, int64_t index,
                                                 const void* data, int64_t bytes) {
  return nn_guard([&] {
    require(network != nullptr && data != nullptr, "network or data is null");
    enter();
    invp::nn::write_tensor(network->network.tensor(index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_network_gradient_read(const invp_nn_network* network, int64_t index,
                                                  float* data, int64_t bytes) {
  return nn_guard([&] {
    require(network != nullptr && data != nullptr, "network or data is null");
    enter();
    const auto& parameter = network->network.parameter(index).tensor;
    if (parameter.grad().defined()) {
      invp::nn::read_tensor(parameter.grad(), data, bytes);
    } else {
      require(bytes == static_cast<int64_t>(parameter.nbytes()), "buffer of a wrong size");
      std::fill_n(data, parameter.numel(), 0.0f);
    }
  });
}

INVP_EXPORT int32_t invp_nn_network_clear_gradients(invp_nn_network* network) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    network->network.clear_gradients();
  });
}

INVP_EXPORT int32_t invp_nn_sgd_create(invp_nn_network* network, double momentum,
                                       double weight_decay, int32_t nesterov, invp_nn_sgd** sgd) {
  return nn_guard([&] {
    require(network != nullptr && sgd != nullptr, "network or sgd is null");
    require(nesterov == 0 || nesterov == 1, "nesterov must be 0 or 1");
    *sgd = std::make_unique<invp_nn_sgd>(
               invp::nn::Sgd(network->network, momentum, weight_decay, nesterov == 1))
               .release();
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
