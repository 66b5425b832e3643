/* Losses and gradient of Invariance Propagation; see invp_bank_objective for the formulas. */
#ifndef INVP_BANK_OBJECTIVE_H
#define INVP_BANK_OBJECTIVE_H

#include "cpu/kernels.h"
#include "invp/bank.h"
#include "thread_pool.h"

namespace invp::bank {

struct Losses {
  double instance;
  double invariance;
};

Losses objective(ThreadPool& pool, const Kernels& kernels, const invp_bank_objective_options& options,
                 const invp_bank_objective_inputs& inputs, float* gradient);

}  // namespace invp::bank

#endif
