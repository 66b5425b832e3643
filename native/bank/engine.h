/*
 * What a caller's handle stands for: threads, the kernels of this processor, and the scratch memory
 * that the stages reuse from call to call. Calls are serialised by `mutex`.
 */
#ifndef INVP_BANK_ENGINE_H
#define INVP_BANK_ENGINE_H

#include <mutex>

#include "cpu/kernels.h"
#include "ids.h"
#include "nearest.h"
#include "objective.h"
#include "thread_pool.h"

namespace invp::bank {

struct Engine {
  Engine(int threads, const Kernels& kernels)
      : pool(threads), kernels(kernels), search(pool, kernels) {}

  std::mutex mutex;
  ThreadPool pool;
  const Kernels& kernels;
  NearestSearch search;
  ObjectiveScratch objective_scratch;
  CheckedIds anchors, nearest, others, counts;
};

}  // namespace invp::bank

#endif
