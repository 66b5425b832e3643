/* The C ABI of invp/nn.h over the classes of this folder. */
#include "invp/nn.h"

#include <memory>

#include "arrays.h"
#include "handles.h"
#include "memory.h"
#include "nn_guard.h"
#include "runtime.h"

using invp::copy_text;
using invp::maybe;
using invp::reads;
using invp::require;
using invp::require_arrays;
using invp::writes;
using invp::nn::enter;
using invp::nn::Entered;
using invp::nn::nn_guard;
using invp::nn::read_tensor;
using invp::nn::write_tensor;

namespace {

const invp::nn::Tensors& tensors(const invp_nn_network* network) {
  return network->network.model().tensors();
}

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
    require(
        options->precision != INVP_NN_PRECISION_FLOAT16 || options->device != INVP_NN_DEVICE_CPU,
        "network option precision is 2 (float16), on the CPU allowed are 0 and 1");
    *network = std::make_unique<invp_nn_network>(invp::nn::Network(*options, seed)).release();
  });
}

INVP_EXPORT int32_t invp_nn_network_destroy(invp_nn_network* network) {
  return nn_guard([&] {
    std::unique_ptr<invp_nn_network>(network).reset();
    invp::nn::release_cached_blocks();
    invp::nn::Entered::release_memory();
  });
}

INVP_EXPORT int32_t invp_nn_network_set_stream(invp_nn_network* network, void* stream) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    network->network.set_stream(stream);
  });
}

INVP_EXPORT int32_t invp_nn_network_loss_scale(const invp_nn_network* network, float* scale,
                                               int32_t* good_steps) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    require_arrays({writes("scale", scale, 1), writes("good_steps", good_steps, 1)});
    const auto& execution = *network->network.execution();
    const Entered here(execution);
    *scale = execution.loss_scale == nullptr ? 1.0f : execution.loss_scale->value();
    *good_steps = execution.loss_scale == nullptr ? 0 : execution.loss_scale->good_steps();
  });
}

INVP_EXPORT int32_t invp_nn_network_set_loss_scale(invp_nn_network* network, float scale,
                                                   int32_t good_steps) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    const auto& execution = *network->network.execution();
    require(execution.loss_scale != nullptr, "only a network in float16 has a loss scale");
    const Entered here(execution);
    execution.loss_scale->restore(scale, good_steps);
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
    const auto& model = network->network.model();
    require_arrays({reads("images", images, batch, model.channels(), height, width),
                    writes("embeddings", embeddings, batch, model.dimension())});
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
    require(network != nullptr, "network is null");
    const auto& model = network->network.model();
    require_arrays({reads("images", images, batch, model.channels(), height, width),
                    maybe(writes("features", features, batch, model.feature_dimension())),
                    maybe(writes("embeddings", embeddings, batch, model.dimension()))});
    enter();
    network->network.embed({images, batch, height, width}, features, embeddings);
  });
}

INVP_EXPORT int32_t invp_nn_network_block_count(const invp_nn_network* network, int64_t* count) {
  return nn_guard([&] {
    require(network != nullptr && count != nullptr, "network or count is null");
    *count = static_cast<int64_t>(network->network.model().blocks().size());
  });
}

INVP_EXPORT int32_t invp_nn_network_block_info(const invp_nn_network* network, int64_t index,
                                               char* name, int64_t name_capacity, int64_t* channels,
                                               int64_t* reduction) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    require(channels != nullptr && reduction != nullptr, "channels or reduction is null");
    const auto& blocks = network->network.model().blocks();
    require(index >= 0 && index < static_cast<int64_t>(blocks.size()), "no block of that index");
    const auto& block = blocks[static_cast<size_t>(index)];
    copy_text(block.name, name, name_capacity);
    *channels = block.channels;
    *reduction = block.reduction;
  });
}

INVP_EXPORT int32_t invp_nn_network_block_features(invp_nn_network* network, const float* images,
                                                   int64_t batch, int64_t height, int64_t width,
                                                   const int32_t* pool, int64_t blocks,
                                                   float* features, int64_t floats) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    require(blocks >= 0 && blocks <= INT32_MAX, "number of blocks out of range");
    require_arrays(
        {reads("images", images, batch, network->network.model().channels(), height, width),
         reads("pool", pool, blocks), writes("features", features, floats)});
    enter();
    network->network.block_features({images, batch, height, width}, {pool, pool + blocks}, features,
                                    floats);
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_count(const invp_nn_network* network, int64_t* count) {
  return nn_guard([&] {
    require(network != nullptr && count != nullptr, "network or count is null");
    *count = static_cast<int64_t>(tensors(network).size());
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_info(const invp_nn_network* network, int64_t index,
                                                char* name, int64_t name_capacity, int32_t* dtype,
                                                int32_t* rank, int64_t* shape, int32_t* trainable) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    require(dtype != nullptr && rank != nullptr && shape != nullptr && trainable != nullptr,
            "dtype, rank, shape or trainable is null");
    invp::nn::describe(tensor_at(tensors(network), index), name, name_capacity, dtype, rank, shape,
                       trainable);
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_read(const invp_nn_network* network, int64_t index,
                                                void* data, int64_t bytes) {
  return nn_guard([&] {
    require(network != nullptr && data != nullptr, "network or data is null");
    enter();
    const Entered here(*network->network.execution());
    read_tensor(tensor_at(tensors(network), index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_network_tensor_write(invp_nn_network* network, int64_t index,
                                                 const void* data, int64_t bytes) {
  return nn_guard([&] {
    require(network != nullptr && data != nullptr, "network or data is null");
    enter();
    const Entered here(*network->network.execution());
    write_tensor(tensor_at(tensors(network), index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_network_gradient_read(const invp_nn_network* network, int64_t index,
                                                  float* data, int64_t bytes) {
  return nn_guard([&] {
    require(network != nullptr && data != nullptr, "network or data is null");
    enter();
    network->network.read_gradient(index, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_network_clear_gradients(invp_nn_network* network) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    clear_gradients(tensors(network));
  });
}
