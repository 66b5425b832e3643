/*
 * Process groups: how the processes of one training run find each other and exchange arrays, on
 * LibTorch's c10d (a TCP store for the meeting, Gloo for the collectives). Part of libinvp_nn.so,
 * so failures leave their message with invp_nn_last_error.
 *
 * A group has `size` members, the ranks 0 to size - 1, each a process. Rank 0 serves the store and
 * must outlive the others' use of it. Every collective is called by all ranks, in the same order
 * and with the same count and type; arrays are host memory of the caller's. A rank that is missing,
 * dead or slower than the group's timeout makes the call fail with INVP_BACKEND_FAILURE, after
 * which only the store and destroy may be used. One thread at a time may use a group's collectives;
 * the store may be used from another one meanwhile.
 */
#ifndef INVP_GROUP_H
#define INVP_GROUP_H

#include <stdint.h>

#include "invp/nn.h"
#include "invp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. */
#define INVP_NN_GROUP_FLOAT32 0
#define INVP_NN_GROUP_FLOAT64 1
#define INVP_NN_GROUP_INT32 2
#define INVP_NN_GROUP_INT64 3

/* How a reduction combines the ranks' values. */
#define INVP_NN_GROUP_SUM 0
#define INVP_NN_GROUP_MIN 1
#define INVP_NN_GROUP_MAX 2

typedef struct invp_nn_group invp_nn_group;

/*
 * Joins the group and returns when all ranks have. `host` and `port` are rank 0's; it listens
 * there. `interface` names the network interface that collectives use, null for the one that the
 * host's own name resolves to, or loopback where it does not. `timeout_ms`, at least 1, bounds the
 * meeting and every later collective; where something listens at the port that never answers, the
 * call does not return. `job` is a text that all ranks of a job give and those of another one do
 * not, or null: who meets at another job's port is refused, with its size or its text, and leaves
 * that job as it is.
 */
int32_t invp_nn_group_create(const char* host, int32_t port, int32_t rank, int32_t size,
                             int64_t timeout_ms, const char* interface, const char* job,
                             invp_nn_group** group);

/* Leaves the group; waits for nobody. Null is allowed. */
int32_t invp_nn_group_destroy(invp_nn_group* group);

/* data[i] = the ranks' data[i], combined: the same bits on every rank. */
int32_t invp_nn_group_all_reduce(invp_nn_group* group, void* data, int64_t count, int32_t type,
                                 int32_t operation);

/* all [size, count] = every rank's mine [count], in the order of the ranks. */
int32_t invp_nn_group_all_gather(invp_nn_group* group, const void* mine, int64_t count,
                                 int32_t type, void* all);

/* mine [count] = row `rank` of the ranks' all [size, count], combined; `all` stays as it is. */
int32_t invp_nn_group_reduce_scatter(invp_nn_group* group, const void* all, int64_t count,
                                     int32_t type, int32_t operation, void* mine);

/* received [size, count]: row s = row `rank` of rank s's all [size, count]; `all` stays as it is.
 */
int32_t invp_nn_group_all_to_all(invp_nn_group* group, const void* all, int64_t count, int32_t type,
                                 void* received);

/* data on every rank = data on rank `root`. */
int32_t invp_nn_group_broadcast(invp_nn_group* group, void* data, int64_t count, int32_t type,
                                int32_t root);

/* Returns when every rank has called it. */
int32_t invp_nn_group_barrier(invp_nn_group* group);

/*
 * The bytes of all collectives so far, per rank: what this rank contributed and what it received.
 * An all-reduce counts its array once each way, an all-gather count sent and (size - 1) count
 * received, a reduce-scatter the reverse, an all-to-all (size - 1) count each way. What the network
 * adds (headers, the ring's forwarding) is not in it.
 */
int32_t invp_nn_group_traffic(const invp_nn_group* group, int64_t* sent, int64_t* received);

/* Writes a value to the store, in place of any before. */
int32_t invp_nn_group_store_set(invp_nn_group* group, const char* key, const void* value,
                                int64_t bytes);

/*
 * Reads a value, waiting up to `timeout_ms` for it to be there: `bytes` is its length and at most
 * `capacity` of them are copied; -1 when it did not come.
 */
int32_t invp_nn_group_store_get(invp_nn_group* group, const char* key, int64_t timeout_ms,
                                void* value, int64_t capacity, int64_t* bytes);

/*
 * From now on every backward of the network sums the parameters' gradients over the group, bucket
 * by bucket while it still runs; all ranks must call backward equally often, and clear gradients
 * between. A rank without images calls it with a batch of 0 and no forward before. Null leaves the
 * group again, which must happen before the group ends. The sum, not the mean: a rank's gradient is
 * its share of the whole batch's.
 */
int32_t invp_nn_network_set_group(invp_nn_network* network, invp_nn_group* group);

#ifdef __cplusplus
}
#endif

#endif
