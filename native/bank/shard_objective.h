/*
 * The objective over one process's rows of a bank that lies in several (invp_bank_shard_*): what
 * each process adds to the sums, and from everybody's sums the losses and the weights of its rows
 * in dL/dv.
 */
#ifndef INVP_BANK_SHARD_OBJECTIVE_H
#define INVP_BANK_SHARD_OBJECTIVE_H

#include "cpu/kernels.h"
#include "objective.h"
#include "thread_pool.h"

namespace invp::bank {

/* Local row l is row l * ranks + rank of the whole bank. */
struct Shard {
  int32_t rank, ranks;

  int64_t global(int32_t local) const { return int64_t{local} * ranks + rank; }
  bool owns(int32_t id) const { return id % ranks == rank; }
  int32_t local(int32_t id) const { return id / ranks; }
  /* How many rows of a bank of `rows` lie here. */
  int64_t rows_of(int64_t rows) const { return (rows - rank + ranks - 1) / ranks; }
};

/* This shard's part of every anchor's N_M: local ids, ascending once shard_maxima sorted them. */
struct ShardNearest {
  const int32_t* ids;  /* [batch, stride] */
  const float* scores; /* [batch, stride] */
  int32_t stride;
  const int32_t* counts; /* [batch]: how many belong to N_M, 0 to stride */
};

/* What all processes know of the anchors. */
struct ShardAnchors {
  const int32_t* ids; /* [batch], of the whole bank */
  int32_t batch;
  const float* own_scores;   /* [batch] */
  const int32_t* own_inside; /* [batch] */
  const int32_t* positives;  /* [batch, positives_width] */
  int32_t positives_width;
  const int32_t* chosen; /* [batch, chosen_count], of the whole bank */
  const float* chosen_scores;
  int32_t chosen_count;
};

/* Sorts the first counts[b] entries of every list by id. Throws std::invalid_argument for an id
 * that is not in [0, end). */
void sort_by_id(ThreadPool& pool, int32_t* ids, float* scores, int32_t batch, int32_t stride,
                const int32_t* counts, int64_t end);

/* maxima [batch, 2] = the largest score of N_M and of the negatives here. */
void shard_maxima(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                  const Shard& shard, const ShardAnchors& anchors, const ShardNearest& nearest,
                  float* maxima);

/* sums [batch, 2] = the exponentials of N_M and of the negatives here, relative to the shifts that
 * everybody derives from the maxima of all. */
void shard_sums(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                const Shard& shard, const ShardAnchors& anchors, const ShardNearest& nearest,
                const float* maxima, double* sums);

/* Which rows here an anchor's part of the gradient is a weighted sum of: local ids, ascending; an
 * id may stand there more than once. */
struct ShardWeights {
  int32_t* ids;   /* [batch, stride], stride at least nearest + 1 + chosen */
  float* weights; /* [batch, stride] */
  int32_t stride;
  int32_t* counts; /* [batch] */
};

/* losses [batch, 2] and the weights, from the sums of all. */
void shard_weights(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                   const Shard& shard, const ShardAnchors& anchors, const ShardNearest& nearest,
                   const float* maxima, const double* sums, double* losses,
                   const ShardWeights& weights);

}  // namespace invp::bank

#endif
