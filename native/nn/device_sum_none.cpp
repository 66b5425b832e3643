/* The build without CUDA. */
#include <stdexcept>

#include "device_sum.h"

namespace invp::nn {

std::unique_ptr<DeviceSum> DeviceSum::join(Group&, const at::Device& device) {
  throw std::invalid_argument("this LibTorch has no CUDA, and cannot sum gradients on " +
                              device.str());
}

}  // namespace invp::nn
