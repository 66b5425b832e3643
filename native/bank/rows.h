/* Everything that reads or writes single rows of the bank and the graph. */
#ifndef INVP_BANK_ROWS_H
#define INVP_BANK_ROWS_H

#include <cstdint>

#include "thread_pool.h"

namespace invp::bank {

/* Rows first, first + stride, ... of a bank that is uniform in +-1/sqrt(dimension/3), from the seed
 * and the place alone. */
void fill_random(ThreadPool& pool, float* bank, int64_t rows, int32_t dimension, uint64_t seed,
                 int64_t first = 0, int64_t stride = 1);

/* Throws InvalidData naming the first row of `what` that holds a NaN or an infinity. */
void check_finite(ThreadPool& pool, const char* what, const float* rows, int64_t count,
                  int32_t dimension);

/* unit = rows / |rows|; returns the mean cosine over all pairs. Throws InvalidData for a norm of 0.
 */
double normalise(ThreadPool& pool, const float* rows, int32_t batch, int32_t dimension, float* unit,
                 float* norms);

/* bank[i] = normalise(momentum * bank[i] + (1 - momentum) * unit[b]). */
void update_bank(ThreadPool& pool, float* bank, int32_t dimension, const int32_t* anchors,
                 int32_t batch, const float* unit, float momentum);

struct GraphUpdate {
  int32_t* graph;
  int32_t neighbours;
  const int32_t* nearest; /* [batch, nearest_count], ascending ids */
  const float* nearest_scores;
  int32_t nearest_count;
  bool official;
};

void update_graph(ThreadPool& pool, const GraphUpdate& update, const int32_t* anchors,
                  int32_t batch);

}  // namespace invp::bank

#endif
