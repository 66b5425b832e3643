/* The walk over the neighbour graph that discovers an anchor's positives. */
#ifndef INVP_BANK_WALK_H
#define INVP_BANK_WALK_H

#include <cstdint>

#include "thread_pool.h"

namespace invp::bank {

/* neighbours + neighbours^2 + ... + neighbours^steps; throws std::invalid_argument beyond
 * INVP_BANK_MAX_WALK. */
int32_t walk_width(int32_t neighbours, int32_t steps);

struct Walk {
  const int32_t* graph;
  int64_t rows;
  int32_t neighbours;
  int32_t steps;
};

/* Breadth first, each image once, without the anchor; ascending, padded with -1. positives [batch,
 * width]. */
void walk_breadth_first(ThreadPool& pool, const Walk& walk, const int32_t* anchors, int32_t batch,
                        int32_t* positives);

/* The published concatenation: hop by hop, with repeats. positives [batch, width]. */
void walk_concatenated(ThreadPool& pool, const Walk& walk, const int32_t* anchors, int32_t batch,
                       int32_t* positives);

/* A hop of either walk over a graph whose rows are handed in: those of all images of `layers`, one
 * after the other. */
struct Hop {
  const int32_t* rows; /* [images, neighbours] */
  int64_t images;
  int32_t neighbours;
  int32_t width;
  bool breadth_first;
};

/* layers and positives [batch, width], each row padded with -1: the images whose neighbours are
 * taken, then those that were new; and all that was found so far. */
void walk_hop(ThreadPool& pool, const Hop& hop, const int32_t* anchors, int32_t batch,
              int32_t* layers, int32_t* positives);

}  // namespace invp::bank

#endif
