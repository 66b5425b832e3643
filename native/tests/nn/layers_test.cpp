#include "layers.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "initialiser.h"
#include "invp/nn.h"

namespace invp::nn {
namespace {

/* The weights' gradient of a strided 1x1 convolution, and how far it is from a matrix product's. */
float error_of_gradient(int64_t in, int64_t batch, int64_t size) {
  const int64_t out = 2 * in;
  Tensors tensors;
  Initialiser initialiser(INVP_NN_INITIALISATION_KAIMING, 1);
  const Convolution convolution(
      tensors, "c", {.in = in, .out = out, .kernel = 1, .stride = 2, .padding = 0}, initialiser);
  const auto x = at::randn({batch, in, size, size}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto y = convolution.forward(x);
  const auto slope = at::randn(y.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
  y.backward(slope);

  const auto seen = x.slice(2, 0, size, 2).slice(3, 0, size, 2);
  const auto expected = at::matmul(slope.permute({1, 0, 2, 3}).reshape({out, -1}),
                                   seen.permute({0, 2, 3, 1}).reshape({-1, in}));
  const auto actual = tensors[0].tensor.grad().reshape({out, in});
  return (actual - expected).abs().max().item<float>() / expected.abs().max().item<float>();
}

// Narrow ones ended the process, or were wrong: on AVX2 below 8 channels, on AVX-512 below 16.
TEST(StridedPointwise, GradientOfTheWeightsIsThatOfAMatrixProduct) {
  const int before = at::get_num_threads();
  for (int threads = 1; threads <= 4; threads++) {
    at::set_num_threads(threads);
    for (const int64_t in : {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 64}) {
      for (const int64_t batch : {2, 7, 15, 18}) {
        EXPECT_LT(error_of_gradient(in, batch, 8), 1e-4f) << in << ", " << batch << ", " << threads;
        EXPECT_LT(error_of_gradient(in, batch, 7), 1e-4f) << in << ", " << batch << ", " << threads;
      }
    }
    for (const int64_t in : {4, 8, 12}) {
      EXPECT_LT(error_of_gradient(in, 32, 56), 1e-4f) << in << ", " << threads;
      EXPECT_LT(error_of_gradient(in, 128, 8), 1e-4f) << in << ", " << threads;
    }
  }
  at::set_num_threads(before);
}

}  // namespace
}  // namespace invp::nn
