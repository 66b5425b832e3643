#include "layers.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "initialiser.h"
#include "invp/nn.h"

namespace invp::nn {
namespace {

struct StridedCase {
  int64_t in, out, size;
};

class StridedPointwise : public testing::TestWithParam<StridedCase> {};

// On processors without AVX-512 the narrow ones ended the process, or were wrong.
TEST_P(StridedPointwise, GradientOfTheWeightsIsThatOfAMatrixProduct) {
  const auto [in, out, size] = GetParam();
  Tensors tensors;
  Initialiser initialiser(INVP_NN_INITIALISATION_KAIMING, 1);
  const Convolution convolution(
      tensors, "c", {.in = in, .out = out, .kernel = 1, .stride = 2, .padding = 0}, initialiser);
  const auto x = at::randn({8, in, size, size}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto y = convolution.forward(x);
  const auto slope = at::randn(y.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
  y.backward(slope);

  const auto seen = x.slice(2, 0, size, 2).slice(3, 0, size, 2);
  const auto expected = at::matmul(slope.permute({1, 0, 2, 3}).reshape({out, -1}),
                                   seen.permute({0, 2, 3, 1}).reshape({-1, in}));
  const auto actual = tensors[0].tensor.grad().reshape({out, in});
  EXPECT_LT((actual - expected).abs().max().item<float>(),
            1e-4f * expected.abs().max().item<float>());
}

INSTANTIATE_TEST_SUITE_P(Widths, StridedPointwise,
                         testing::Values(StridedCase{2, 4, 8}, StridedCase{3, 6, 8},
                                         StridedCase{4, 8, 8}, StridedCase{4, 8, 7},
                                         StridedCase{8, 16, 8}, StridedCase{12, 24, 8},
                                         StridedCase{64, 128, 8}));

}  // namespace
}  // namespace invp::nn
