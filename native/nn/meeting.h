/* How the ranks of a job find each other: the store that rank 0 serves, and who has come to it. */
#ifndef INVP_NN_MEETING_H
#define INVP_NN_MEETING_H

#include <chrono>
#include <cstdint>
#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace invp::nn {

/* One rank's place in a group. */
struct Place {
  std::string host;
  int32_t port, rank, size;
  std::chrono::milliseconds timeout;
  std::string interface;  // empty: the default one
  std::string job;        // what all ranks of a job say, and those of another one do not
};

/* Ranks that meet at the loopback address are all on one machine. */
bool meets_on_this_machine(const Place& place);

/*
 * The store, once all ranks have come. Nothing is written to a store that is another job's. Throws
 * BackendFailure when somebody does not come in time, or another job has the port.
 */
c10::intrusive_ptr<c10d::TCPStore> meet(const Place& place);

/* Whether a key is in a store, or comes before the time is over. */
bool comes(c10d::Store& store, const std::string& key, std::chrono::steady_clock::time_point end);

}  // namespace invp::nn

#endif
