/* Losses and gradient of Invariance Propagation; see invp_bank_objective for the formulas. */
#ifndef INVP_BANK_OBJECTIVE_H
#define INVP_BANK_OBJECTIVE_H

#include "aligned.h"
#include "cpu/kernels.h"
#include "thread_pool.h"

namespace invp::bank {

struct ObjectiveOptions {
  int32_t mode;
  bool exclusive;
  float temperature;
  float invariance_weight;
};

/* One step's data; shapes as in invp_bank_objective. */
struct ObjectiveInputs {
  const float* bank;
  int64_t rows;
  int32_t dimension;
  const int32_t* anchors;
  int32_t batch;
  const float* unit;
  const float* norms;
  const float* own_scores;
  const int32_t* nearest;
  const float* nearest_scores;
  int32_t nearest_count;
  const int32_t* positives;
  int32_t positives_width;
  const int32_t* chosen;
  const float* chosen_scores;
  int32_t chosen_count;
};

struct Losses {
  double instance;
  double invariance;
};

/* Memory that steps reuse: the weight of every nearest row, [batch, nearest_count]. */
using ObjectiveScratch = AlignedArray<float>;

Losses objective(ThreadPool& pool, const Kernels& kernels, const ObjectiveOptions& options,
                 const ObjectiveInputs& inputs, ObjectiveScratch& scratch, float* gradient);

}  // namespace invp::bank

#endif
