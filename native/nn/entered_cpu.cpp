/* The build without CUDA: nothing to enter. */
#include <stdexcept>

#include "execution.h"

namespace invp::nn {

struct Entered::Guard {};

Entered::Entered(const Execution&) {}
Entered::~Entered() = default;

void Entered::require(const at::Device& device) {
  if (!device.is_cpu()) {
    throw std::invalid_argument("network option device is " + device.str() +
                                ", this build of the network library runs on the CPU only");
  }
}

void Entered::release_memory() {}

}  // namespace invp::nn
