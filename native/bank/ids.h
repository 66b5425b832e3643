/*
 * The ids of a caller, before they become places in memory: copied first and checked then, since
 * another thread may change the caller's array in between.
 */
#ifndef INVP_BANK_IDS_H
#define INVP_BANK_IDS_H

#include <cstdint>

#include "aligned.h"
#include "thread_pool.h"

namespace invp::bank {

/* Memory that calls reuse. */
class CheckedIds {
 public:
  /*
   * A copy of ids [count], valid until the next call. Throws std::invalid_argument naming the first
   * that is not in [first, end); `what` is one of them, for the message.
   */
  const int32_t* copy(ThreadPool& pool, const char* what, const int32_t* ids, int64_t count,
                      int64_t first, int64_t end);

 private:
  AlignedArray<int32_t> copy_;
};

/* Throws std::invalid_argument unless the first counts[b] (NULL: all) of every row of ids [batch,
 * width] are in [0, end) and ascend; repeats are allowed. */
void require_ascending(ThreadPool& pool, const char* what, const int32_t* ids, int64_t batch,
                       int64_t width, const int32_t* counts, int64_t end);

/* Throws std::invalid_argument unless every row of ids [batch, width] is padded: behind the first
 * -1 there is nothing else. */
void require_padded(const char* what, const int32_t* ids, int64_t batch, int64_t width);

}  // namespace invp::bank

#endif
