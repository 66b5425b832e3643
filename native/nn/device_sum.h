/* Sums over a process group of what lies on a CUDA device. */
#ifndef INVP_NN_DEVICE_SUM_H
#define INVP_NN_DEVICE_SUM_H

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <memory>

#include "group.h"

namespace invp::nn {

/*
 * NCCL in the CUDA build (device_sum_nccl.cpp); the other build has none. One thread at a time.
 */
class DeviceSum {
 public:
  /* Collective. Throws std::invalid_argument where LibTorch has no CUDA, std::runtime_error when
   * the ranks do not meet within the group's timeout. Borrows the group. */
  static std::unique_ptr<DeviceSum> join(Group& group, const at::Device& device);

  virtual ~DeviceSum() = default;

  /* Collective: float32 data become the sum over all ranks, behind the work of the current stream
   * and beside what that does next; the future, a list of the tensor, is for LibTorch's streams to
   * wait for. */
  virtual c10::intrusive_ptr<c10::ivalue::Future> sum(at::Tensor data) = 0;

  /* Waits until the current stream is done. Throws std::runtime_error when a rank is lost, or when
   * it takes longer than the group's timeout; the sums queued are given up then. */
  virtual void await() = 0;
};

}  // namespace invp::nn

#endif
