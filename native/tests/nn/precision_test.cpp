/*
 * Lower precision: autocast of the backbone against float32, and the loss scale against a step
 * without one. Half precision runs on GPUs only in the product; LibTorch computes it on the CPU as
 * well, slowly, so that what surrounds it can be tested here.
 */
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "invp/nn.h"
#include "network.h"
#include "sgd.h"

namespace invp::nn {
namespace {

using Floats = std::vector<float>;

constexpr int64_t kBatch = 8;
constexpr int64_t kSize = 16;
constexpr int32_t kDimension = 16;
constexpr double kRate = 0.05, kMomentum = 0.9, kDecay = 0.01;

invp_nn_network_options small(int32_t precision) {
  invp_nn_network_options options{};
  options.architecture = 18;
  options.stem = INVP_NN_STEM_CIFAR;
  options.channels = 3;
  options.width = 16;
  options.dimension = kDimension;
  options.head = INVP_NN_HEAD_LINEAR;
  options.precision = precision;
  return options;
}

Floats pattern(int64_t count, double step) {
  Floats values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(std::sin(step * static_cast<double>(i * (1 + i / 97))));
  }
  return values;
}

/* A network with the images and the gradient of one step. */
struct Training {
  explicit Training(int32_t precision)
      : network(small(precision), 3),
        sgd(network.model().tensors(), network.execution(), kMomentum, kDecay, false),
        embeddings(kBatch * kDimension),
        images(pattern(kBatch * 3 * kSize * kSize, 0.37)),
        slope(pattern(kBatch * kDimension, 0.91)) {
    // The usual start is for losses whose slopes are smaller.
    if (precision == INVP_NN_PRECISION_FLOAT16) network.execution()->loss_scale->restore(64, 0);
  }

  void forward() { network.forward({images.data(), kBatch, kSize, kSize}, embeddings.data()); }
  void backward() { network.backward(slope.data(), kBatch); }

  const at::Tensor& weight() const { return network.model().tensors()[0].tensor; }

  Network network;
  Sgd sgd;
  Floats embeddings, images, slope;
};

at::Tensor flat(const Floats& values) {
  return at::tensor(at::ArrayRef<float>(values.data(), values.size()));
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  const auto x = a.flatten().to(at::kDouble), y = b.flatten().to(at::kDouble);
  return (x.dot(y) / (x.norm() * y.norm())).item<double>();
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

class Lower : public testing::TestWithParam<int32_t> {};

TEST_P(Lower, PrecisionGivesEmbeddingsAndGradientsNearThoseOfFloat32) {
  Training lower(GetParam()), full(INVP_NN_PRECISION_FLOAT32);
  lower.forward();
  full.forward();
  EXPECT_LT(distance(flat(lower.embeddings), flat(full.embeddings)), 0.05);
  EXPECT_NE(lower.embeddings, full.embeddings) << "nothing was computed in lower precision";
  lower.backward();
  full.backward();
  std::vector<at::Tensor> all, expected;
  const auto& tensors = lower.network.model().tensors();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const auto& other = full.network.model().tensors()[i];
    if (!tensors[i].trainable) {
      if (tensors[i].tensor.scalar_type() == at::kFloat) {
        EXPECT_LT(distance(tensors[i].tensor, other.tensor), 0.05) << tensors[i].name;
      } else {
        EXPECT_EQ(tensors[i].tensor.item<int64_t>(), 1) << tensors[i].name;
      }
      continue;
    }
    EXPECT_EQ(tensors[i].tensor.scalar_type(), at::kFloat);
    Floats gradient(static_cast<size_t>(other.tensor.numel()));
    lower.network.read_gradient(static_cast<int64_t>(i), gradient.data(),
                                static_cast<int64_t>(gradient.size() * sizeof(float)));
    const auto mine = flat(gradient), right = other.tensor.grad().contiguous().flatten();
    // Sums that cancel, those of batch normalisation, keep little of a lower precision.
    EXPECT_GT(cosine(mine, right), 0.8) << tensors[i].name;
    all.push_back(mine);
    expected.push_back(right);
  }
  EXPECT_GT(cosine(at::cat(all), at::cat(expected)), 0.93);
  EXPECT_NEAR(at::cat(all).norm().item<double>() / at::cat(expected).norm().item<double>(), 1, 0.1);
}

TEST_P(Lower, PrecisionEmbedsNearFloat32AndChangesNothing) {
  Training lower(GetParam()), full(INVP_NN_PRECISION_FLOAT32);
  const Images images{lower.images.data(), kBatch, kSize, kSize};
  const auto length = static_cast<size_t>(lower.network.model().feature_dimension());
  Floats features(kBatch * length), expected(kBatch * length);
  lower.network.embed(images, features.data(), lower.embeddings.data());
  full.network.embed(images, expected.data(), full.embeddings.data());
  EXPECT_LT(distance(flat(features), flat(expected)), 0.05);
  EXPECT_LT(distance(flat(lower.embeddings), flat(full.embeddings)), 0.05);
  const Floats before = lower.embeddings;
  lower.network.embed(images, nullptr, lower.embeddings.data());
  EXPECT_EQ(lower.embeddings, before);
}

TEST_P(Lower, PrecisionHasBlockFeaturesInFloat32) {
  Training lower(GetParam()), full(INVP_NN_PRECISION_FLOAT32);
  const auto& blocks = lower.network.model().blocks();
  std::vector<int32_t> pool(blocks.size(), 0);
  pool[2] = 2;
  Floats features(static_cast<size_t>(kBatch * blocks[2].channels * 4)), expected(features.size());
  const Images images{lower.images.data(), kBatch, kSize, kSize};
  lower.network.block_features(images, pool, features.data(),
                               static_cast<int64_t>(features.size()));
  full.network.block_features(images, pool, expected.data(), static_cast<int64_t>(expected.size()));
  EXPECT_LT(distance(flat(features), flat(expected)), 0.05);
}

TEST_P(Lower, PrecisionTrains) {
  Training lower(GetParam());
  lower.forward();
  const auto start = flat(lower.embeddings).dot(flat(lower.slope)).item<double>();
  for (int step = 0; step < 3; ++step) {
    lower.forward();
    lower.backward();
    lower.sgd.step(kRate / 100);
  }
  lower.forward();
  EXPECT_LT(flat(lower.embeddings).dot(flat(lower.slope)).item<double>(), start);
}

INSTANTIATE_TEST_SUITE_P(Types, Lower,
                         testing::Values(INVP_NN_PRECISION_BFLOAT16, INVP_NN_PRECISION_FLOAT16));

/* One parameter with a gradient, and an optimizer that scales or does not. */
struct Scaled {
  explicit Scaled(int32_t precision)
      : execution(std::make_shared<Execution>(small(precision))),
        sgd({{"p", parameter, true}}, execution, kMomentum, kDecay, false) {}

  void step(const at::Tensor& gradient) {
    parameter.mutable_grad() = execution->loss_scale == nullptr
                                   ? gradient.clone()
                                   : execution->loss_scale->scaled(gradient);
    sgd.step(kRate);
  }

  at::Tensor parameter = at::linspace(-1, 1, 33).requires_grad_();
  std::shared_ptr<Execution> execution;
  Sgd sgd;
};

TEST(LossScale, TakesStepsAsWithoutOne) {
  Scaled scaled(INVP_NN_PRECISION_FLOAT16), plain(INVP_NN_PRECISION_FLOAT32);
  for (int step = 0; step < 4; ++step) {
    const auto gradient = at::cos(at::linspace(0, 5 + step, 33));
    scaled.step(gradient);
    plain.step(gradient);
    EXPECT_TRUE(scaled.parameter.equal(plain.parameter)) << "step " << step;
  }
  EXPECT_EQ(scaled.execution->loss_scale->value(), LossScale::kStart);
  EXPECT_EQ(scaled.execution->loss_scale->good_steps(), 4);
}

class NotFinite : public testing::TestWithParam<float> {};

TEST_P(NotFinite, GradientsSkipTheStepAndHalveTheScale) {
  Scaled scaled(INVP_NN_PRECISION_FLOAT16), plain(INVP_NN_PRECISION_FLOAT32);
  const auto gradient = at::cos(at::linspace(0, 5, 33));
  auto bad = gradient.clone();
  bad[17] = GetParam();
  // The first step of all is skipped, then one in the middle.
  scaled.step(bad);
  EXPECT_TRUE(scaled.parameter.equal(at::linspace(-1, 1, 33)));
  EXPECT_EQ(scaled.execution->loss_scale->value(), LossScale::kStart / 2);
  for (int step = 0; step < 2; ++step) {
    scaled.step(gradient);
    plain.step(gradient);
    EXPECT_TRUE(scaled.parameter.equal(plain.parameter)) << "step " << step;
    scaled.step(bad);
    EXPECT_TRUE(scaled.parameter.equal(plain.parameter)) << "skipped step " << step;
    EXPECT_EQ(scaled.execution->loss_scale->good_steps(), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Values, NotFinite,
                         testing::Values(std::numeric_limits<float>::infinity(),
                                         -std::numeric_limits<float>::infinity(),
                                         std::numeric_limits<float>::quiet_NaN()));

TEST(LossScale, DoublesAfterTwoThousandGoodSteps) {
  Scaled scaled(INVP_NN_PRECISION_FLOAT16);
  auto& scale = *scaled.execution->loss_scale;
  scale.restore(1024, LossScale::kGrowthInterval - 1);
  scaled.step(at::ones({33}));
  EXPECT_EQ(scale.value(), 2048);
  EXPECT_EQ(scale.good_steps(), 0);
  EXPECT_THROW(scale.restore(0, 0), std::invalid_argument);
  EXPECT_THROW(scale.restore(INFINITY, 0), std::invalid_argument);
  EXPECT_THROW(scale.restore(1, LossScale::kGrowthInterval), std::invalid_argument);
}

TEST(LossScale, OfANetworkWhoseGradientsOverflowIsHalvedUntilTheyFit) {
  Training half(INVP_NN_PRECISION_FLOAT16);
  half.network.execution()->loss_scale->restore(0x1p30f, 0);
  const auto before = half.weight().clone();
  half.forward();
  half.backward();
  half.sgd.step(kRate);
  EXPECT_TRUE(half.weight().equal(before));
  int skipped = 1;
  while (half.weight().equal(before) && skipped < 40) {
    half.forward();
    half.backward();
    half.sgd.step(kRate);
    ++skipped;
  }
  EXPECT_LT(skipped, 40);
  EXPECT_TRUE(half.weight().isfinite().all().item<bool>());
}

std::string message() {
  char text[512];
  const auto length = invp_nn_last_error(text, sizeof text);
  return {text, static_cast<size_t>(length)};
}

TEST(Devices, RefuseHalfPrecisionOnTheCpu) {
  invp_nn_network* network = nullptr;
  const auto options = small(INVP_NN_PRECISION_FLOAT16);
  EXPECT_EQ(invp_nn_network_create(&options, 0, &network), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "network option precision is 2 (float16), on the CPU allowed are 0 and 1");
}

TEST(Devices, RefuseCudaInTheBuildWithoutIt) {
  invp_nn_network* network = nullptr;
  auto options = small(INVP_NN_PRECISION_FLOAT32);
  options.device = INVP_NN_DEVICE_CUDA;
  options.device_index = 1;
  EXPECT_EQ(invp_nn_network_create(&options, 0, &network), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(),
            "network option device is cuda:1, this build of the network library runs on the CPU "
            "only");
}

TEST(Devices, NeedNoStreamAndNoLossScaleOnTheCpu) {
  invp_nn_network* network = nullptr;
  const auto options = small(INVP_NN_PRECISION_BFLOAT16);
  ASSERT_EQ(invp_nn_network_create(&options, 0, &network), INVP_OK) << message();
  EXPECT_EQ(invp_nn_network_set_stream(network, nullptr), INVP_OK);
  EXPECT_EQ(invp_nn_network_set_stream(network, &network), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "a network on the CPU has no stream");
  float scale = 0;
  int32_t good_steps = -1;
  EXPECT_EQ(invp_nn_network_loss_scale(network, &scale, &good_steps), INVP_OK);
  EXPECT_EQ(scale, 1);
  EXPECT_EQ(good_steps, 0);
  EXPECT_EQ(invp_nn_network_set_loss_scale(network, 2, 0), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "only a network in float16 has a loss scale");
  EXPECT_EQ(invp_nn_network_destroy(network), INVP_OK);
}

}  // namespace
}  // namespace invp::nn
