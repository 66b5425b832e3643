/* Linear classifiers against the formulas in double precision. */
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "invp/nn.h"

namespace {

using Floats = std::vector<float>;

std::string message() {
  char text[512];
  const auto length = invp_nn_last_error(text, sizeof text);
  return {text, static_cast<size_t>(length)};
}

Floats normal(int64_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> distribution(0.3f, 1.5f);
  Floats values(static_cast<size_t>(count));
  for (auto& value : values) value = distribution(random);
  return values;
}

struct Case {
  int64_t batch = 5, inputs = 7;
  int32_t classes = 4;
  int32_t normalisation = INVP_NN_INPUTS_NONE;
  double deviation = 0.5;
};

/* A classifier with what it was given, closed at the end of a test. */
class Linear {
 public:
  explicit Linear(const Case& c) : shape(c), x(normal(c.batch * c.inputs, 1)) {
    const invp_nn_classifier_options options{c.inputs, c.classes, c.normalisation, c.deviation};
    EXPECT_EQ(invp_nn_classifier_create(&options, 3, &handle), INVP_OK) << message();
    int64_t count = 0;
    EXPECT_EQ(invp_nn_classifier_tensor_count(handle, &count), INVP_OK);
    for (int64_t i = 0; i < count; ++i) {
      char name[64];
      int32_t dtype, rank, trainable;
      int64_t extents[INVP_NN_MAX_RANK];
      EXPECT_EQ(invp_nn_classifier_tensor_info(handle, i, name, sizeof name, &dtype, &rank, extents,
                                               &trainable),
                INVP_OK);
      int64_t size = 1;
      for (int32_t axis = 0; axis < rank; ++axis) size *= extents[axis];
      places[name] = {i, size};
    }
  }
  ~Linear() { EXPECT_EQ(invp_nn_classifier_destroy(handle), INVP_OK); }

  Floats tensor(const std::string& name) const {
    const auto [index, size] = places.at(name);
    Floats values(static_cast<size_t>(size));
    EXPECT_EQ(invp_nn_classifier_tensor_read(handle, index, values.data(), size * 4), INVP_OK);
    return values;
  }
  void set(const std::string& name, const Floats& values) {
    const auto [index, size] = places.at(name);
    EXPECT_EQ(invp_nn_classifier_tensor_write(handle, index, values.data(), size * 4), INVP_OK);
  }
  Floats gradient(const std::string& name) const {
    const auto [index, size] = places.at(name);
    Floats values(static_cast<size_t>(size));
    EXPECT_EQ(invp_nn_classifier_gradient_read(handle, index, values.data(), size * 4), INVP_OK);
    return values;
  }
  Floats logits() const {
    Floats out(static_cast<size_t>(shape.batch * shape.classes));
    EXPECT_EQ(invp_nn_classifier_logits(handle, x.data(), shape.batch, out.data()), INVP_OK)
        << message();
    return out;
  }
  double cross_entropy(const std::vector<int32_t>& labels, Floats* logits = nullptr) {
    double loss = 0;
    if (logits != nullptr) logits->resize(static_cast<size_t>(shape.batch * shape.classes));
    EXPECT_EQ(invp_nn_classifier_cross_entropy(handle, x.data(), shape.batch, labels.data(),
                                               logits == nullptr ? nullptr : logits->data(), &loss),
              INVP_OK)
        << message();
    return loss;
  }

  Case shape;
  Floats x;
  invp_nn_classifier* handle = nullptr;
  std::map<std::string, std::pair<int64_t, int64_t>> places;
};

/* Loss and its gradient with respect to the logits, in double precision. */
struct Softmax {
  Softmax(const Case& c, const Floats& logits, const std::vector<int32_t>& labels)
      : slopes(logits.size()) {
    for (int64_t row = 0; row < c.batch; ++row) {
      double sum = 0;
      for (int32_t k = 0; k < c.classes; ++k) sum += std::exp(double{logits[row * c.classes + k]});
      for (int32_t k = 0; k < c.classes; ++k) {
        const double share = std::exp(double{logits[row * c.classes + k]}) / sum;
        const bool right = k == labels[row];
        slopes[row * c.classes + k] = (share - right) / static_cast<double>(c.batch);
        if (right) loss -= std::log(share) / static_cast<double>(c.batch);
      }
    }
  }
  double loss = 0;
  std::vector<double> slopes;
};

/* Checks the gradients of weight and bias, given those of the logits and the layer's inputs. */
void expect_linear_gradients(const Linear& linear, const std::vector<double>& slopes,
                             const std::vector<double>& inputs) {
  const auto weight = linear.gradient("weight");
  const auto bias = linear.gradient("bias");
  for (int32_t k = 0; k < linear.shape.classes; ++k) {
    double sum = 0;
    for (int64_t row = 0; row < linear.shape.batch; ++row) {
      sum += slopes[row * linear.shape.classes + k];
    }
    EXPECT_NEAR(bias[k], sum, 1e-6);
    for (int64_t i = 0; i < linear.shape.inputs; ++i) {
      double product = 0;
      for (int64_t row = 0; row < linear.shape.batch; ++row) {
        product += slopes[row * linear.shape.classes + k] * inputs[row * linear.shape.inputs + i];
      }
      EXPECT_NEAR(weight[k * linear.shape.inputs + i], product, 1e-5);
    }
  }
}

std::vector<double> doubles(const Floats& values) { return {values.begin(), values.end()}; }

const std::vector<int32_t> kLabels{0, 3, 1, 1, 2};

TEST(Classifier, GivesTheProductWithItsWeights) {
  const Linear linear({});
  const auto weight = linear.tensor("weight");
  const auto logits = linear.logits();
  EXPECT_EQ(linear.tensor("bias"), Floats(4, 0.0f));
  for (int64_t row = 0; row < 5; ++row) {
    for (int64_t k = 0; k < 4; ++k) {
      double sum = 0;
      for (int64_t i = 0; i < 7; ++i) sum += double{weight[k * 7 + i]} * linear.x[row * 7 + i];
      EXPECT_NEAR(logits[row * 4 + k], sum, 1e-5);
    }
  }
}

TEST(Classifier, AddsTheGradientsOfTheCrossEntropy) {
  Linear linear({});
  Floats logits;
  const double loss = linear.cross_entropy(kLabels, &logits);
  EXPECT_EQ(logits, linear.logits());
  const Softmax expected(linear.shape, logits, kLabels);
  EXPECT_NEAR(loss, expected.loss, 1e-5);
  expect_linear_gradients(linear, expected.slopes, doubles(linear.x));

  const auto once = linear.gradient("bias");
  linear.cross_entropy(kLabels);
  EXPECT_NEAR(linear.gradient("bias")[0], 2 * once[0], 1e-6);
  ASSERT_EQ(invp_nn_classifier_clear_gradients(linear.handle), INVP_OK);
  EXPECT_EQ(linear.gradient("bias"), Floats(4, 0.0f));
}

TEST(Classifier, LeavesIgnoredTargetsOutOfTheBinaryCrossEntropy) {
  Linear linear({});
  const std::vector<int32_t> targets{1,  0,  -1, 0, 0, 1, 1, -1, -1, -1,
                                     -1, -1, 1,  1, 1, 1, 0, 0,  0,  0};
  double loss = 0;
  Floats logits(20);
  ASSERT_EQ(invp_nn_classifier_binary_cross_entropy(linear.handle, linear.x.data(), 5,
                                                    targets.data(), logits.data(), &loss),
            INVP_OK)
      << message();
  double expected = 0;
  std::vector<double> slopes(20, 0.0);
  for (size_t i = 0; i < 20; ++i) {
    if (targets[i] < 0) continue;
    const double share = 1 / (1 + std::exp(-double{logits[i]}));
    expected -= std::log(targets[i] == 1 ? share : 1 - share) / 5;
    slopes[i] = (share - targets[i]) / 5;
  }
  EXPECT_NEAR(loss, expected, 1e-5);
  expect_linear_gradients(linear, slopes, doubles(linear.x));
}

TEST(Classifier, TrainsAScaleAndAShiftOfItsInputs) {
  Linear linear({.normalisation = INVP_NN_INPUTS_AFFINE});
  const auto scale = normal(7, 5), shift = normal(7, 6);
  linear.set("norm.weight", scale);
  linear.set("norm.bias", shift);
  const double divisor = std::sqrt(1 + 1e-5);
  std::vector<double> inputs(35);
  for (size_t i = 0; i < 35; ++i) inputs[i] = linear.x[i] / divisor * scale[i % 7] + shift[i % 7];

  Floats logits;
  const double loss = linear.cross_entropy(kLabels, &logits);
  const auto weight = linear.tensor("weight");
  const Softmax expected(linear.shape, logits, kLabels);
  EXPECT_NEAR(loss, expected.loss, 1e-5);
  expect_linear_gradients(linear, expected.slopes, inputs);
  for (int64_t i = 0; i < 7; ++i) {
    double scale_slope = 0, shift_slope = 0;
    for (int64_t row = 0; row < 5; ++row) {
      double slope = 0;
      for (int64_t k = 0; k < 4; ++k) slope += expected.slopes[row * 4 + k] * weight[k * 7 + i];
      shift_slope += slope;
      scale_slope += slope * linear.x[row * 7 + i] / divisor;
    }
    EXPECT_NEAR(linear.gradient("norm.weight")[i], scale_slope, 1e-5);
    EXPECT_NEAR(linear.gradient("norm.bias")[i], shift_slope, 1e-5);
  }
}

TEST(Classifier, NormalisesByTheBatchInTrainingAndByRunningStatisticsOtherwise) {
  Linear linear({.normalisation = INVP_NN_INPUTS_BATCH});
  std::vector<double> inputs(35), mean(7), variance(7);
  for (size_t i = 0; i < 7; ++i) {
    for (size_t row = 0; row < 5; ++row) mean[i] += linear.x[row * 7 + i] / 5.0;
    for (size_t row = 0; row < 5; ++row) {
      variance[i] += std::pow(linear.x[row * 7 + i] - mean[i], 2) / 5;
    }
    for (size_t row = 0; row < 5; ++row) {
      inputs[row * 7 + i] = (linear.x[row * 7 + i] - mean[i]) / std::sqrt(variance[i] + 1e-5);
    }
  }
  Floats logits;
  linear.cross_entropy(kLabels, &logits);
  expect_linear_gradients(linear, Softmax(linear.shape, logits, kLabels).slopes, inputs);
  const auto running_mean = linear.tensor("norm.running_mean");
  const auto running_var = linear.tensor("norm.running_var");
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_NEAR(running_mean[i], 0.1 * mean[i], 1e-6);
    EXPECT_NEAR(running_var[i], 0.9 + 0.1 * variance[i] * 5 / 4, 1e-5);
  }
  const auto weight = linear.tensor("weight");
  double expected = 0;
  for (size_t i = 0; i < 7; ++i) {
    expected += weight[i] * (linear.x[i] - running_mean[i]) / std::sqrt(running_var[i] + 1e-5);
  }
  EXPECT_NEAR(linear.logits()[0], expected, 1e-4);
}

TEST(Classifier, StepsAgainstItsGradients) {
  Linear linear({});
  invp_nn_sgd* sgd = nullptr;
  ASSERT_EQ(invp_nn_sgd_create_classifier(linear.handle, 0.9, 0.1, 0, &sgd), INVP_OK);
  EXPECT_EQ(invp_nn_sgd_step(sgd, 0.5), INVP_INVALID_ARGUMENT);
  linear.cross_entropy(kLabels);
  const auto before = linear.tensor("weight"), slope = linear.gradient("weight");
  ASSERT_EQ(invp_nn_sgd_step(sgd, 0.5), INVP_OK) << message();
  const auto after = linear.tensor("weight");
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR(after[i], before[i] - 0.5 * (slope[i] + 0.1 * before[i]), 1e-6);
  }
  EXPECT_EQ(linear.gradient("weight"), Floats(28, 0.0f));
  EXPECT_EQ(invp_nn_sgd_destroy(sgd), INVP_OK);
}

TEST(Classifier, StartsAsAskedFor) {
  const Case many{.inputs = 400, .classes = 50, .deviation = 0.01};
  const auto spread = [](const Floats& values) {
    double squares = 0;
    for (const float value : values) squares += double{value} * value;
    return std::sqrt(squares / static_cast<double>(values.size()));
  };
  EXPECT_NEAR(spread(Linear(many).tensor("weight")), 0.01, 3e-4);
  const Linear usual({.inputs = 400, .classes = 50, .deviation = 0});
  EXPECT_NEAR(spread(usual.tensor("weight")), 1 / std::sqrt(3.0 * 400), 1e-3);
  for (const float value : usual.tensor("bias")) EXPECT_LE(std::abs(value), 0.05f);
  EXPECT_EQ(Linear(many).tensor("weight"), Linear(many).tensor("weight"));
}

TEST(Classifier, NamesWhatIsOutOfRange) {
  invp_nn_classifier* none = nullptr;
  const invp_nn_classifier_options options{0, 4, INVP_NN_INPUTS_NONE, 0};
  EXPECT_EQ(invp_nn_classifier_create(&options, 0, &none), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "classifier option inputs is 0, allowed are 1 to 16777216");
  EXPECT_EQ(none, nullptr);

  Linear linear({});
  double loss = 0;
  const std::vector<int32_t> labels{0, 1, 4, 0, 0};
  EXPECT_EQ(invp_nn_classifier_cross_entropy(linear.handle, linear.x.data(), 5, labels.data(),
                                             nullptr, &loss),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "label 4 in row 2, allowed are 0 to 3");
  EXPECT_EQ(invp_nn_classifier_cross_entropy(linear.handle, linear.x.data(), 0, labels.data(),
                                             nullptr, &loss),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_nn_classifier_logits(nullptr, nullptr, 1, nullptr), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_nn_classifier_destroy(nullptr), INVP_OK);
}

}  // namespace
