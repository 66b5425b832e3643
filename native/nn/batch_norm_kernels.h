/*
 * Batch normalisation, residual addition and ReLU as one operation on [rows, channels] arrays,
 * which is what a channels-last tensor is. LibTorch has them apart: three operations write and read
 * the activations three times, while two cores have little bandwidth to spare.
 *
 * Sums run over fixed blocks of rows and are joined in order in double precision, so results do not
 * depend on the number of threads or the instruction set.
 */
#ifndef INVP_NN_BATCH_NORM_KERNELS_H
#define INVP_NN_BATCH_NORM_KERNELS_H

#include <cstdint>

namespace invp::nn::kernels {

struct Extent {
  int64_t rows;
  int64_t channels;
};

/* Mean and biased variance of each channel: [channels] each. */
void moments(Extent extent, const float* x, float* mean, float* variance);

/* y = [relu](x * scale + shift [+ residual]); residual may be null, y may be x or the residual. */
void apply(Extent extent, const float* x, const float* scale, const float* shift,
           const float* residual, bool relu, float* y);

/*
 * The gradient of apply(moments) with scale = weight / deviation. `y` is the output if it went
 * through ReLU, else null. Writes dx, dweight, dbias and, unless null, dresidual.
 */
struct Gradient {
  const float* dy;
  const float* y;
  const float* x;
  const float* mean;
  const float* inverse_deviation;
  const float* weight;
  float* dx;
  float* dweight;
  float* dbias;
  float* dresidual;
};
void gradient(Extent extent, const Gradient& pointers);

}  // namespace invp::nn::kernels

#endif
