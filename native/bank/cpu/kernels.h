/*
 * The inner loops of the engine, compiled once per instruction set (cpu/kernels.cpp) and picked at
 * run time. Every kernel computes the same bits on every instruction set: a score is a chain of
 * fused multiply-adds over the dimensions in ascending order, with one lane per query.
 */
#ifndef INVP_BANK_CPU_KERNELS_H
#define INVP_BANK_CPU_KERNELS_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ranking.h"

namespace invp::bank {

/* What one thread found for one query: keys in ascending order of id. */
struct Candidates {
  RankKey* keys = nullptr;
  int32_t size = 0;
  int32_t capacity = 0;
};

/* Makes room in a full list, and may raise its query's threshold. */
class CandidateOverflow {
 public:
  virtual void make_room(int32_t query) = 0;

 protected:
  ~CandidateOverflow() = default;
};

/* A run of bank rows against all queries. */
struct ScanBlock {
  const float* rows; /* [count] rows, `stride` floats apart */
  size_t stride;
  int32_t count;
  int32_t following; /* rows behind the block that the caller scans next: asked for ahead of time */
  int32_t first_id;  /* id of rows[0]; ids ascend by 1 */
  int32_t dimension;
  const float* panels; /* [panel_count][dimension][panel_width] */
  int32_t panel_count;
  const float* thresholds; /* [panel_count * panel_width]: a score above it is a candidate; +inf for
                              padding */
  Candidates* candidates;  /* [panel_count * panel_width] */
  CandidateOverflow* overflow;
};

struct Kernels {
  const char* name;
  int64_t target;

  /* Queries per panel. */
  int32_t panel_width;

  /* Appends every score above its query's threshold to the query's list. */
  void (*scan)(const ScanBlock& block);

  /* scores[r * panel_width + q] for `count` rows, `stride` floats apart, against one panel. */
  void (*score_panel)(const float* rows, size_t stride, int32_t count, int32_t dimension,
                      const float* panel, float* scores);

  /* scores[j] of the query and row ids[j]; 0 where the id is negative. */
  void (*score_rows)(const float* bank, int32_t dimension, const float* query, const int32_t* ids,
                     int32_t count, float* scores);

  /* out[j] = exp((scores[j] - shift) * scale) for arguments <= 0; 0 below the smallest normal
   * float. */
  void (*exponentials)(const float* scores, int32_t count, float shift, float scale, float* out);

  /* sum[d] = fma(weights[j], bank[ids[j]][d], sum[d]) for j ascending. */
  void (*add_rows)(const float* bank, int32_t dimension, const int32_t* ids, const float* weights,
                   int32_t count, float* sum);

  /* Nothing but fused multiply-adds on registers, as many chains side by side as the scan has sums;
   * returns the operations done, two per multiply-add of a lane. `sum` receives what they computed,
   * near 1. */
  double (*multiply_add)(int64_t rounds, float factor, float* sum);
};

/* The best kernels this processor runs. */
const Kernels& best_kernels();

/* All kernels this processor runs, the best first. */
std::vector<const Kernels*> supported_kernels();

}  // namespace invp::bank

#endif
