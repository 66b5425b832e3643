/* What happens to one block of rows; batch_norm_kernels.cpp spreads blocks over threads. */
#ifndef INVP_NN_BATCH_NORM_BLOCKS_H
#define INVP_NN_BATCH_NORM_BLOCKS_H

#include "batch_norm_kernels.h"

namespace invp::nn::kernels {

/* Each channel's mean and sum of squared differences from it. */
void block_moments(Extent extent, const float* x, float* mean, float* squares);

void block_apply(Extent extent, const float* x, const float* scale, const float* shift,
                 const float* residual, bool relu, float* y);

/* Sums over the rows of g and of g * (x - mean), g being dy where y > 0 (everywhere if y is null);
 * g itself goes to `gated` unless that is null. */
void block_gradient_sums(Extent extent, const float* dy, const float* y, const float* x,
                         const float* mean, float* gated, float* sums, float* products);

/* dx = g * scale + (x - mean) * slope + offset */
void block_gradient_apply(Extent extent, const float* dy, const float* y, const float* x,
                          const float* mean, const float* scale, const float* slope,
                          const float* offset, float* dx);

}  // namespace invp::nn::kernels

#endif
