/* Runs one launch: every thread of every block as a fiber, in the order that a seed gives. */
#ifndef INVP_SIMT_SCHEDULER_H
#define INVP_SIMT_SCHEDULER_H

#include <cstdint>
#include <functional>
#include <string>

#include "simt.h"

namespace invp::simt {

struct Launch {
  const char* kernel;
  dim3 grid;
  dim3 block;
  size_t shared_bytes;
  uint64_t seed; /* 0: blocks, threads and sums in their natural order */
  std::function<void()> body;
};

/* Returns what went wrong, naming kernel, block, thread and source line; empty if nothing did.
 * After a fault the launch's memory is in whatever state the threads left. Not reentrant; the
 * caller serialises. */
std::string run(const Launch& launch);

}  // namespace invp::simt

#endif
