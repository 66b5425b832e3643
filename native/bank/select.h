/* Choosing the hardest (least similar) or the easiest of the discovered positives. */
#ifndef INVP_BANK_SELECT_H
#define INVP_BANK_SELECT_H

#include <cstdint>

#include "thread_pool.h"

namespace invp::bank {

struct Selection {
  const int32_t* ids;  /* [batch, width], -1 for none */
  const float* scores; /* [batch, width] */
  int32_t width;
  int32_t count;
  bool hard;
};

/* chosen, chosen_scores [batch, count]; chosen padded with -1. Ties go to the smaller id. */
void select_positives(ThreadPool& pool, const Selection& selection, int32_t batch, int32_t* chosen,
                      float* chosen_scores);

}  // namespace invp::bank

#endif
