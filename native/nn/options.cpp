#include "options.h"

#include <stdexcept>
#include <string>

namespace invp::nn {
namespace {

// Far above any network in use, far below what could overflow a product of two.
constexpr int32_t kMostChannels = 1 << 20;
constexpr int32_t kMostDevices = 128;  // LibTorch counts them in eight bits

void check_range(const char* name, int32_t value, int32_t least, int32_t most) {
  if (value < least || value > most) {
    throw std::invalid_argument(std::string("network option ") + name + " is " +
                                std::to_string(value) + ", allowed are " + std::to_string(least) +
                                " to " + std::to_string(most));
  }
}

}  // namespace

void check_execution(const invp_nn_network_options& options) {
  check_range("device", options.device, INVP_NN_DEVICE_CPU, INVP_NN_DEVICE_CUDA);
  check_range("device_index", options.device_index, 0,
              options.device == INVP_NN_DEVICE_CPU ? 0 : kMostDevices - 1);
  check_range("precision", options.precision, INVP_NN_PRECISION_FLOAT32, INVP_NN_PRECISION_FLOAT16);
}

void check_options(const invp_nn_network_options& options) {
  depth_of(options.architecture);
  check_range("stem", options.stem, INVP_NN_STEM_IMAGENET, INVP_NN_STEM_CIFAR);
  check_range("channels", options.channels, 1, kMostChannels);
  check_range("width", options.width, 1, 4096);
  check_range("dimension", options.dimension, 1, kMostChannels);
  check_range("head", options.head, INVP_NN_HEAD_LINEAR, INVP_NN_HEAD_MLP);
  if (options.head == INVP_NN_HEAD_MLP) {
    check_range("head_hidden", options.head_hidden, 1, kMostChannels);
  }
  check_range("head_batch_norm", options.head_batch_norm, 0, 1);
  check_range("initialisation", options.initialisation, INVP_NN_INITIALISATION_KAIMING,
              INVP_NN_INITIALISATION_DEFAULT);
  check_execution(options);
}

Depth depth_of(int32_t architecture) {
  switch (architecture) {
    case 18:
      return {{2, 2, 2, 2}, false};
    case 34:
      return {{3, 4, 6, 3}, false};
    case 50:
      return {{3, 4, 6, 3}, true};
    case 101:
      return {{3, 4, 23, 3}, true};
    case 152:
      return {{3, 8, 36, 3}, true};
    default:
      throw std::invalid_argument("network option architecture is " + std::to_string(architecture) +
                                  ", allowed are 18, 34, 50, 101 and 152");
  }
}

}  // namespace invp::nn
