/* The C ABI of invp/group.h over Group and GradientSum. */
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>

#include "arrays.h"
#include "group.h"
#include "handles.h"
#include "invp/group.h"
#include "nn_guard.h"
#include "runtime.h"

struct invp_nn_group {
  invp::nn::Group group;
};

using invp::require;
using invp::nn::enter;
using invp::nn::nn_guard;

namespace {

/* The longest host name, interface name or key that is read. */
constexpr size_t kLongestText = 4096;

std::string text(const char* value, const char* missing) {
  require(value != nullptr, missing);
  require(strnlen(value, kLongestText) < kLongestText, "a name is too long");
  return value;
}

at::ScalarType scalar_type(int32_t type) {
  switch (type) {
    case INVP_NN_GROUP_FLOAT32:
      return at::kFloat;
    case INVP_NN_GROUP_FLOAT64:
      return at::kDouble;
    case INVP_NN_GROUP_INT32:
      return at::kInt;
    case INVP_NN_GROUP_INT64:
      return at::kLong;
    default:
      throw std::invalid_argument("unknown element type " + std::to_string(type));
  }
}

c10d::ReduceOp reduction(int32_t operation) {
  switch (operation) {
    case INVP_NN_GROUP_SUM:
      return c10d::ReduceOp::SUM;
    case INVP_NN_GROUP_MIN:
      return c10d::ReduceOp::MIN;
    case INVP_NN_GROUP_MAX:
      return c10d::ReduceOp::MAX;
    default:
      throw std::invalid_argument("unknown reduction " + std::to_string(operation));
  }
}

at::Tensor over(const void* data, int64_t count, int32_t type) {
  require(data != nullptr && count >= 0, "data is null or count negative");
  return at::from_blob(const_cast<void*>(data), {count}, scalar_type(type));
}

/* What a collective reads and what it writes: [count] of `type`, or [size, count]. */
struct Exchange {
  at::Tensor from, to;
};

Exchange exchange(const void* from, int64_t from_rows, void* to, int64_t to_rows, int64_t count,
                  int32_t type) {
  require(count >= 0, "count is negative");
  const auto bytes = static_cast<int64_t>(at::elementSize(scalar_type(type)));
  invp::require_arrays(
      {invp::reads("what is sent", static_cast<const char*>(from), from_rows, count, bytes),
       invp::writes("what is received", static_cast<char*>(to), to_rows, count, bytes)});
  return {over(from, from_rows * count, type), over(to, to_rows * count, type)};
}

/* One collective: the group checked, LibTorch ready, every failure a status. */
template <typename Body>
int32_t collective(invp_nn_group* group, Body body) {
  return nn_guard([&] {
    require(group != nullptr, "group is null");
    enter();
    body(group->group);
  });
}

}  // namespace

INVP_EXPORT int32_t invp_nn_group_create(const char* host, int32_t port, int32_t rank, int32_t size,
                                         int64_t timeout_ms, const char* interface, const char* job,
                                         invp_nn_group** group) {
  return nn_guard([&] {
    require(group != nullptr, "group is null");
    enter();
    const invp::nn::Group::Place place{
        text(host, "host is null"),
        port,
        rank,
        size,
        std::chrono::milliseconds(timeout_ms),
        interface == nullptr ? std::string() : text(interface, "interface is null"),
        job == nullptr ? std::string() : text(job, "job is null")};
    *group = std::make_unique<invp_nn_group>(invp::nn::Group(place)).release();
  });
}

INVP_EXPORT int32_t invp_nn_group_destroy(invp_nn_group* group) {
  return nn_guard([&] { std::unique_ptr<invp_nn_group>(group).reset(); });
}

INVP_EXPORT int32_t invp_nn_group_all_reduce(invp_nn_group* group, void* data, int64_t count,
                                             int32_t type, int32_t operation) {
  return collective(group, [&](invp::nn::Group& members) {
    members.all_reduce(over(data, count, type), reduction(operation));
  });
}

INVP_EXPORT int32_t invp_nn_group_all_gather(invp_nn_group* group, const void* mine, int64_t count,
                                             int32_t type, void* all) {
  return collective(group, [&](invp::nn::Group& members) {
    const auto [from, to] = exchange(mine, 1, all, members.size(), count, type);
    members.all_gather(from, to);
  });
}

INVP_EXPORT int32_t invp_nn_group_reduce_scatter(invp_nn_group* group, const void* all,
                                                 int64_t count, int32_t type, int32_t operation,
                                                 void* mine) {
  return collective(group, [&](invp::nn::Group& members) {
    const auto [from, to] = exchange(all, members.size(), mine, 1, count, type);
    members.reduce_scatter(from, reduction(operation), to);
  });
}

INVP_EXPORT int32_t invp_nn_group_all_to_all(invp_nn_group* group, const void* all, int64_t count,
                                             int32_t type, void* received) {
  return collective(group, [&](invp::nn::Group& members) {
    const auto [from, to] = exchange(all, members.size(), received, members.size(), count, type);
    members.all_to_all(from, to);
  });
}

INVP_EXPORT int32_t invp_nn_group_broadcast(invp_nn_group* group, void* data, int64_t count,
                                            int32_t type, int32_t root) {
  return collective(
      group, [&](invp::nn::Group& members) { members.broadcast(over(data, count, type), root); });
}

INVP_EXPORT int32_t invp_nn_group_barrier(invp_nn_group* group) {
  return collective(group, [](invp::nn::Group& members) { members.barrier(); });
}

INVP_EXPORT int32_t invp_nn_group_traffic(const invp_nn_group* group, int64_t* sent,
                                          int64_t* received) {
  return nn_guard([&] {
    require(group != nullptr && sent != nullptr && received != nullptr,
            "group, sent or received is null");
    *sent = group->group.sent();
    *received = group->group.received();
  });
}

INVP_EXPORT int32_t invp_nn_group_store_set(invp_nn_group* group, const char* key,
                                            const void* value, int64_t bytes) {
  return nn_guard([&] {
    require(group != nullptr, "group is null");
    require(bytes >= 0 && (value != nullptr || bytes == 0), "value is null or bytes negative");
    const auto* first = static_cast<const uint8_t*>(value);
    group->group.set(text(key, "key is null"), std::vector<uint8_t>(first, first + bytes));
  });
}

INVP_EXPORT int32_t invp_nn_group_store_get(invp_nn_group* group, const char* key,
                                            int64_t timeout_ms, void* value, int64_t capacity,
                                            int64_t* bytes) {
  return nn_guard([&] {
    require(group != nullptr && bytes != nullptr, "group or bytes is null");
    require(capacity >= 0 && (value != nullptr || capacity == 0), "value is null");
    const auto found = group->group.get(
        text(key, "key is null"),
        std::chrono::milliseconds(std::clamp<int64_t>(timeout_ms, 0, invp::nn::kLongestTimeout)));
    if (found && capacity > 0)
      std::memcpy(value, found->data(), std::min<size_t>(found->size(), capacity));
    *bytes = found ? static_cast<int64_t>(found->size()) : -1;
  });
}

INVP_EXPORT int32_t invp_nn_network_set_group(invp_nn_network* network, invp_nn_group* group) {
  return nn_guard([&] {
    require(network != nullptr, "network is null");
    enter();
    network->network.set_group(group == nullptr ? nullptr : &group->group);
  });
}
