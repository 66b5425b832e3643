/* The gradient as a weighted sum of bank rows, and its way through the normalisation. */
#ifndef INVP_BANK_WEIGHTED_ROWS_H
#define INVP_BANK_WEIGHTED_ROWS_H

#include "cpu/kernels.h"
#include "thread_pool.h"

namespace invp::bank {

/* For every anchor b a list of rows, ids[b * stride, + count of b), ascending, and their weights.
 */
struct WeightedRows {
  const float* bank;
  int64_t rows;
  int32_t dimension;
  const int32_t* ids;
  const float* weights;
  int32_t stride;
  const int32_t* counts; /* of every anchor; NULL: all have `stride` rows */

  int32_t count(int64_t b) const { return counts == nullptr ? stride : counts[b]; }
};

/* Adds the weighted rows of anchors [begin, end) to sums[b * dimension, + dimension), for each
 * anchor in the order of its list. */
void add_weighted_rows(const Kernels& kernels, const WeightedRows& weighted, int64_t begin,
                       int64_t end, float* sums);

/* sums [batch, dimension] = the weighted rows, by all threads. */
void sum_weighted_rows(ThreadPool& pool, const Kernels& kernels, const WeightedRows& weighted,
                       int32_t batch, float* sums);

/*
 * gradient = dL/dx = (g - (g . v) v) / |x| for g = dL/dv = gradient / (temperature * batch), with v
 * = unit [dimension] and |x| = norm.
 */
void project(float* gradient, const float* unit, float norm, int32_t dimension, float temperature,
             int64_t batch);

}  // namespace invp::bank

#endif
