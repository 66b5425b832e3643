// Gloo's declarations are guarded by the macro that LibTorch itself was built with.
#define USE_C10D_GLOO
#include "group.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "guard.h"

namespace invp::nn {
namespace {

void check(const Place& place) {
  if (place.size < 1 || place.rank < 0 || place.rank >= place.size) {
    throw std::invalid_argument("rank " + std::to_string(place.rank) + " of a group of " +
                                std::to_string(place.size) + ", allowed are 0 to size - 1");
  }
  if (place.port < 1 || place.port > 65535) {
    throw std::invalid_argument("port " + std::to_string(place.port) + ", allowed are 1 to 65535");
  }
  require(place.timeout.count() >= 1 && place.timeout.count() <= kLongestTimeout,
          "the timeout must be at least 1 ms, at most a thousand days");
}

// Where this rank's connections with the others are.
std::shared_ptr<gloo::transport::Device> device(const Place& place) {
  if (!place.interface.empty()) {
    return c10d::ProcessGroupGloo::createDeviceForInterface(place.interface);
  }
  return meets_on_this_machine(place) ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                      : c10d::ProcessGroupGloo::createDefaultDevice();
}

c10::intrusive_ptr<c10d::ProcessGroup> join(const Place& place,
                                            const c10::intrusive_ptr<c10d::Store>& store) {
  auto options = c10d::ProcessGroupGloo::Options::create(place.timeout);
  options->devices.push_back(device(place));
  const auto meeting = c10::make_intrusive<c10d::PrefixStore>("gloo", store);
  const auto gloo =
      c10::make_intrusive<c10d::ProcessGroupGloo>(meeting, place.rank, place.size, options);
  auto processes = c10::make_intrusive<c10d::ProcessGroup>(place.rank, place.size);
  processes->setBackend(c10::DeviceType::CPU, c10d::ProcessGroup::BackendType::GLOO, gloo);
  // What the Reducer agrees on with the other ranks lies on the parameters' device.
  processes->setBackend(c10::DeviceType::CUDA, c10d::ProcessGroup::BackendType::GLOO, gloo);
  processes->setDefaultBackend(c10d::ProcessGroup::BackendType::GLOO);
  return processes;
}

}  // namespace

Group::Group(const Place& place) : place_(place) {
  check(place);
  store_ = meet(place);
  processes_ = join(place, store_);
}

void Group::all_reduce(at::Tensor data, c10d::ReduceOp operation) {
  std::vector<at::Tensor> tensors{std::move(data)};
  c10d::AllreduceOptions options;
  options.reduceOp = operation;
  processes_->allreduce(tensors, options)->wait();
  const auto bytes = static_cast<int64_t>(tensors[0].nbytes());
  count(bytes, bytes);
}

void Group::all_gather(at::Tensor mine, at::Tensor all) {
  require_members(all, mine);
  processes_->all_gather_single(all, mine)->wait();
  const auto bytes = static_cast<int64_t>(mine.nbytes());
  count(bytes, bytes * (place_.size - 1));
}

void Group::reduce_scatter(at::Tensor all, c10d::ReduceOp operation, at::Tensor mine) {
  require_members(all, mine);
  c10d::ReduceScatterOptions options;
  options.reduceOp = operation;
  processes_->reduce_scatter_single(mine, all, options)->wait();
  const auto bytes = static_cast<int64_t>(mine.nbytes());
  count(bytes * (place_.size - 1), bytes);
}

void Group::all_to_all(at::Tensor all, at::Tensor received) {
  require(all.numel() == received.numel() && all.numel() % place_.size == 0,
          "the arrays do not fit the group's size");
  std::vector<int64_t> equal;
  processes_->all_to_all_single(received, all, equal, equal)->wait();
  const auto bytes = static_cast<int64_t>(all.nbytes()) / place_.size * (place_.size - 1);
  count(bytes, bytes);
}

void Group::broadcast(at::Tensor data, int32_t root) {
  if (root < 0 || root >= place_.size) {
    throw std::invalid_argument("root " + std::to_string(root) + " of a group of " +
                                std::to_string(place_.size));
  }
  std::vector<at::Tensor> tensors{std::move(data)};
  c10d::BroadcastOptions options;
  options.rootRank = root;
  processes_->broadcast(tensors, options)->wait();
  const auto bytes = static_cast<int64_t>(tensors[0].nbytes());
  count(place_.rank == root ? bytes : 0, place_.rank == root ? 0 : bytes);
}

void Group::barrier() { processes_->barrier()->wait(); }

void Group::set(const std::string& key, std::vector<uint8_t> value) { store_->set(key, value); }

std::optional<std::vector<uint8_t>> Group::get(const std::string& key,
                                               std::chrono::milliseconds timeout) {
  if (!comes(*store_, key, std::chrono::steady_clock::now() + timeout)) return std::nullopt;
  return store_->get(key);
}

void Group::count(int64_t sent, int64_t received) {
  sent_ += sent;
  received_ += received;
}

void Group::require_members(const at::Tensor& all, const at::Tensor& mine) const {
  require(all.numel() == mine.numel() * place_.size, "the arrays do not fit the group's size");
}

}  // namespace invp::nn
