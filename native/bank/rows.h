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

/* The mean cosine over all pairs of [batch, dimension] of norm 1; 0 of a single one. */
double mean_cosine(const float* unit, int32_t batch, int32_t dimension);

/* bank[i] = normalise(momentum * bank[i] + (1 - momentum) * unit[b]). */
void update_bank(ThreadPool& pool, float* bank, int32_t dimension, const int32_t* anchors,
                 int32_t batch, const float* unit, float momentum);

/* What the graph rows of a batch's anchors are made of. */
struct GraphCandidates {
  const int32_t* ids; /* [batch, count], -1 for none */
  const float* scores;
  int32_t count;
  int32_t neighbours;
  bool official;
};

/* rows [batch, neighbours]. Throws std::invalid_argument where the candidates are too few. */
void graph_rows(ThreadPool& pool, const GraphCandidates& candidates, const int32_t* anchors,
                int32_t batch, int32_t* rows);

/* The same, into the anchors' rows of the graph; of a repeated anchor the last one counts. */
void update_graph(ThreadPool& pool, const GraphCandidates& candidates, const int32_t* anchors,
                  int32_t batch, int32_t* graph);

}  // namespace invp::bank

#endif
