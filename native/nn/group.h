/* A process group on c10d: a store for the meeting, Gloo for the collectives. */
#ifndef INVP_NN_GROUP_IMPL_H
#define INVP_NN_GROUP_IMPL_H

#include <ATen/core/Tensor.h>

#include <chrono>
#include <optional>
#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <vector>

#include "meeting.h"

namespace invp::nn {

/* In milliseconds: a thousand days, which are few enough in nanoseconds. */
constexpr int64_t kLongestTimeout = int64_t{1000} * 24 * 3600 * 1000;

class Group {
 public:
  using Place = nn::Place;

  explicit Group(const Place& place);

  int32_t rank() const { return place_.rank; }
  int32_t size() const { return place_.size; }
  std::chrono::milliseconds timeout() const { return place_.timeout; }
  int64_t sent() const { return sent_; }
  int64_t received() const { return received_; }

  void all_reduce(at::Tensor data, c10d::ReduceOp operation);
  void all_gather(at::Tensor mine, at::Tensor all);
  void reduce_scatter(at::Tensor all, c10d::ReduceOp operation, at::Tensor mine);
  void all_to_all(at::Tensor all, at::Tensor received);
  void broadcast(at::Tensor data, int32_t root);
  void barrier();

  void set(const std::string& key, std::vector<uint8_t> value);
  /* Nothing when the key is not there in time. */
  std::optional<std::vector<uint8_t>> get(const std::string& key,
                                          std::chrono::milliseconds timeout);

  const c10::intrusive_ptr<c10d::ProcessGroup>& processes() const { return processes_; }
  void count(int64_t sent, int64_t received);

 private:
  void require_members(const at::Tensor& all, const at::Tensor& mine) const;

  Place place_;
  c10::intrusive_ptr<c10d::TCPStore> store_;
  c10::intrusive_ptr<c10d::ProcessGroup> processes_;
  int64_t sent_ = 0, received_ = 0;
};

}  // namespace invp::nn

#endif
