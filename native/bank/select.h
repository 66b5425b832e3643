/* Choosing among the discovered positives: the hardest (least similar), the easiest, or any. */
#ifndef INVP_BANK_SELECT_H
#define INVP_BANK_SELECT_H

#include <cstdint>

#include "thread_pool.h"

namespace invp::bank {

struct Selection {
  const int32_t* anchors; /* [batch] */
  const int32_t* ids;     /* [batch, width], -1 for none */
  const float* scores;    /* [batch, width] */
  int32_t width;
  int32_t count;
  int32_t how;   /* INVP_BANK_SELECTION_* */
  uint64_t draw; /* of a random selection */
};

/* chosen, chosen_scores [batch, count] as invp_bank_select says. */
void select_positives(ThreadPool& pool, const Selection& selection, int32_t batch, int32_t* chosen,
                      float* chosen_scores);

}  // namespace invp::bank

#endif
