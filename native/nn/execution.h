/* Where a network computes, and in what precision. */
#ifndef INVP_NN_EXECUTION_H
#define INVP_NN_EXECUTION_H

#include <ATen/core/Tensor.h>

#include <memory>

#include "invp/nn.h"
#include "loss_scale.h"

namespace invp::nn {

/* Shared by a network and its optimizers. */
struct Execution {
  explicit Execution(const invp_nn_network_options& options);

  at::Device device;
  at::ScalarType precision;
  void* stream = nullptr;                /* a cudaStream_t, or null for LibTorch's own */
  std::unique_ptr<LossScale> loss_scale; /* in half precision, else null */
};

/*
 * While it lives the calling thread's work goes to the device and stream of an execution. The one
 * class with two implementations: entered_cpu.cpp and, in the CUDA build, entered_cuda.cpp.
 */
class Entered {
 public:
  explicit Entered(const Execution& execution);
  ~Entered();
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

  /* Throws std::invalid_argument if this build or this machine has no such device. */
  static void require(const at::Device& device);
  /* Gives the memory that LibTorch keeps for later back to the devices. */
  static void release_memory();

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_; /* null on the CPU */
};

/* While it lives convolutions and products of this thread compute in the execution's precision. */
class Autocast {
 public:
  explicit Autocast(const Execution& execution);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType type_;
  bool active_, was_enabled_ = false;
  at::ScalarType was_ = at::kFloat;
};

}  // namespace invp::nn

#endif
