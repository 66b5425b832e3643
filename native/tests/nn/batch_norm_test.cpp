/* The fused kernels against the formulas in double precision, over channel counts on both sides of
 * the vector width. */
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "batch_norm_kernels.h"

namespace {

using invp::nn::kernels::Extent;
using Floats = std::vector<float>;

struct Case {
  Extent extent;
  bool relu;
  bool residual;
};

Floats normal(int64_t count, float mean, float deviation, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(mean, deviation);
  Floats values(static_cast<size_t>(count));
  for (auto& value : values) value = distribution(random);
  return values;
}

/* One layer forward and backward, by the kernels. */
struct Layer {
  explicit Layer(const Case& c) : extent(c.extent) {
    const auto [rows, channels] = extent;
    const auto size = rows * channels;
    x = normal(size, 3, 2, 1);
    residual = normal(size, 0, 1, 2);
    dy = normal(size, 0, 1, 3);
    weight = normal(channels, 1, 0.3f, 4);
    bias = normal(channels, 0, 0.5f, 5);
    mean.resize(channels), variance.resize(channels), inverse.resize(channels);
    dweight.resize(channels), dbias.resize(channels);
    y.resize(size), dx.resize(size), dresidual.resize(size);

    invp::nn::kernels::moments(extent, x.data(), mean.data(), variance.data());
    Floats scale(channels), shift(channels);
    for (int64_t i = 0; i < channels; ++i) {
      inverse[i] = static_cast<float>(1 / std::sqrt(variance[i] + 1e-5));
      scale[i] = weight[i] * inverse[i];
      shift[i] = bias[i] - mean[i] * scale[i];
    }
    invp::nn::kernels::apply(extent, x.data(), scale.data(), shift.data(),
                             c.residual ? residual.data() : nullptr, c.relu, y.data());
    invp::nn::kernels::gradient(extent, {.dy = dy.data(),
                                         .y = c.relu ? y.data() : nullptr,
                                         .x = x.data(),
                                         .mean = mean.data(),
                                         .inverse_deviation = inverse.data(),
                                         .weight = weight.data(),
                                         .dx = dx.data(),
                                         .dweight = dweight.data(),
                                         .dbias = dbias.data(),
                                         .dresidual = c.residual ? dresidual.data() : nullptr});
  }

  Extent extent;
  Floats x, residual, dy, weight, bias, mean, variance, inverse, y, dx, dweight, dbias, dresidual;
};

class BatchNormKernels : public ::testing::TestWithParam<Case> {};

TEST_P(BatchNormKernels, AgreeWithTheFormulas) {
  const auto c = GetParam();
  const Layer layer(c);
  const auto [rows, channels] = c.extent;
  const auto n = static_cast<double>(rows);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const auto each = [&](auto body) {
      for (int64_t i = channel; i < rows * channels; i += channels) body(i);
    };
    double mean = 0, variance = 0;
    each([&](int64_t i) { mean += layer.x[i] / n; });
    each([&](int64_t i) { variance += (layer.x[i] - mean) * (layer.x[i] - mean) / n; });
    EXPECT_NEAR(layer.mean[channel], mean, 1e-5);
    EXPECT_NEAR(layer.variance[channel], variance, 1e-5 * variance + 1e-9);

    const double inverse = 1 / std::sqrt(variance + 1e-5);
    double sum = 0, product = 0;
    const auto gated = [&](int64_t i) {
      return c.relu && !(layer.y[i] > 0) ? 0.0 : static_cast<double>(layer.dy[i]);
    };
    each([&](int64_t i) {
      const double plain = (layer.x[i] - mean) * inverse * layer.weight[channel] +
                           layer.bias[channel] + (c.residual ? layer.residual[i] : 0);
      EXPECT_NEAR(layer.y[i], c.relu ? std::max(plain, 0.0) : plain, 1e-4);
      sum += gated(i);
      product += gated(i) * (layer.x[i] - mean) * inverse;
    });
    EXPECT_NEAR(layer.dbias[channel], sum, 1e-4 * std::sqrt(n));
    EXPECT_NEAR(layer.dweight[channel], product, 1e-4 * std::sqrt(n));
    each([&](int64_t i) {
      const double normalised = (layer.x[i] - mean) * inverse;
      const double dx =
          layer.weight[channel] * inverse * (gated(i) - sum / n - normalised * product / n);
      EXPECT_NEAR(layer.dx[i], dx, 1e-4);
      if (c.residual) {
        EXPECT_EQ(layer.dresidual[i], static_cast<float>(gated(i)));
      }
    });
  }
}

TEST_P(BatchNormKernels, GiveTheSameBitsForAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Layer one(GetParam());
  at::set_num_threads(3);
  const Layer three(GetParam());
  at::set_num_threads(before);
  EXPECT_EQ(one.y, three.y);
  EXPECT_EQ(one.dx, three.dx);
  EXPECT_EQ(one.dweight, three.dweight);
}

INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormKernels,
                         ::testing::Values(Case{{2, 1}, false, false}, Case{{5, 3}, true, false},
                                           Case{{7, 16}, true, true}, Case{{1030, 16}, true, false},
                                           Case{{1030, 16}, false, false},
                                           Case{{901, 37}, true, true},
                                           Case{{33, 512}, false, true},
                                           Case{{40, 9000}, true, false}));

TEST(BatchNormApply, LetsNotANumberThroughReLU) {
  const float x[2] = {std::nanf(""), -1};
  const float one[1] = {1}, zero[1] = {0};
  float y[2];
  invp::nn::kernels::apply({2, 1}, x, one, zero, nullptr, true, y);
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 0);
}

TEST(BatchNormMoments, DoNotCancelFarFromZero) {
  const auto x = normal(4096, 1000, 0.1f, 9);
  float mean[1], variance[1];
  invp::nn::kernels::moments({4096, 1}, x.data(), mean, variance);
  double exact_mean = 0, exact = 0;
  for (float value : x) exact_mean += value / 4096.0;
  for (float value : x) exact += (value - exact_mean) * (value - exact_mean) / 4096;
  EXPECT_NEAR(variance[0], exact, 1e-3 * exact);
}

}  // namespace
