/* Training a whole network on labels, and features from inside the backbone. */
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "invp/nn.h"

namespace {

using Floats = std::vector<float>;

constexpr int64_t kBatch = 6;
constexpr int64_t kSize = 11;
constexpr int32_t kClasses = 3;
const std::vector<int32_t> kLabels{0, 1, 2, 2, 1, 0};

std::string message() {
  char text[512];
  const auto length = invp_nn_last_error(text, sizeof text);
  return {text, static_cast<size_t>(length)};
}

Floats pattern() {
  Floats images(kBatch * kSize * kSize);
  for (size_t i = 0; i < images.size(); ++i) {
    images[i] = static_cast<float>(std::sin(0.37 * static_cast<double>(i * (1 + i / 121))));
  }
  return images;
}

/* A small network whose own head has as many outputs as there are classes, and a classifier. */
class Tuned {
 public:
  explicit Tuned(int32_t architecture = 18) : images(pattern()) {
    invp_nn_network_options options{};
    options.architecture = architecture;
    options.stem = INVP_NN_STEM_CIFAR;
    options.channels = 1;
    options.width = 4;
    options.dimension = kClasses;
    options.head = INVP_NN_HEAD_LINEAR;
    EXPECT_EQ(invp_nn_network_create(&options, 5, &network), INVP_OK) << message();
    EXPECT_EQ(invp_nn_network_feature_dimension(network, &features), INVP_OK);
    const invp_nn_classifier_options linear{features, kClasses, INVP_NN_INPUTS_NONE, 0.3};
    EXPECT_EQ(invp_nn_classifier_create(&linear, 6, &classifier), INVP_OK) << message();
    int64_t count = 0;
    EXPECT_EQ(invp_nn_network_tensor_count(network, &count), INVP_OK);
    for (int64_t i = 0; i < count; ++i) {
      char name[64];
      int32_t dtype, rank, trainable;
      int64_t extents[INVP_NN_MAX_RANK];
      EXPECT_EQ(invp_nn_network_tensor_info(network, i, name, sizeof name, &dtype, &rank, extents,
                                            &trainable),
                INVP_OK);
      if (dtype == INVP_NN_INT64) continue;
      int64_t size = 1;
      for (int32_t axis = 0; axis < rank; ++axis) size *= extents[axis];
      places[name] = {i, size, trainable == 1};
    }
  }
  ~Tuned() {
    EXPECT_EQ(invp_nn_classifier_destroy(classifier), INVP_OK);
    EXPECT_EQ(invp_nn_network_destroy(network), INVP_OK);
  }

  double learn(int32_t statistics, Floats* logits = nullptr) {
    double loss = 0;
    if (logits != nullptr) logits->resize(kBatch * kClasses);
    EXPECT_EQ(invp_nn_network_cross_entropy(network, classifier, images.data(), kBatch, kSize,
                                            kSize, kLabels.data(), statistics,
                                            logits == nullptr ? nullptr : logits->data(), &loss),
              INVP_OK)
        << message();
    return loss;
  }

  /* All tensors, or all gradients, by name. */
  std::map<std::string, Floats> state() const { return collect(false); }
  std::map<std::string, Floats> gradients() const { return collect(true); }

  void set(const std::string& name, const Floats& values) {
    const auto& place = places.at(name);
    EXPECT_EQ(invp_nn_network_tensor_write(network, place.index, values.data(), place.size * 4),
              INVP_OK);
  }

  struct Place {
    int64_t index, size;
    bool trainable;
  };
  Floats images;
  int64_t features = 0;
  invp_nn_network* network = nullptr;
  invp_nn_classifier* classifier = nullptr;
  std::map<std::string, Place> places;

 private:
  std::map<std::string, Floats> collect(bool gradient) const {
    std::map<std::string, Floats> all;
    for (const auto& [name, place] : places) {
      if (gradient && !place.trainable) continue;
      Floats values(static_cast<size_t>(place.size));
      EXPECT_EQ(
          gradient
              ? invp_nn_network_gradient_read(network, place.index, values.data(), place.size * 4)
              : invp_nn_network_tensor_read(network, place.index, values.data(), place.size * 4),
          INVP_OK);
      all[name] = values;
    }
    return all;
  }
};

bool of_head(const std::string& name) { return name.rfind("fc", 0) == 0; }
bool running(const std::string& name) { return name.find("running") != std::string::npos; }

/* The network's own forward and backward, which other tests hold against PyTorch, with a head that
 * does what the classifier does and the slope of the softmax between them. */
TEST(Tuning, GivesTheBackboneTheGradientsOfItsOwnBackward) {
  Tuned tuned, plain;
  Floats weight(static_cast<size_t>(kClasses * tuned.features)), bias(kClasses);
  ASSERT_EQ(invp_nn_classifier_tensor_read(tuned.classifier, 0, weight.data(),
                                           static_cast<int64_t>(weight.size() * 4)),
            INVP_OK);
  plain.set("fc.weight", weight);
  plain.set("fc.bias", bias);

  Floats logits(kBatch * kClasses), slopes(kBatch * kClasses);
  ASSERT_EQ(invp_nn_network_forward(plain.network, plain.images.data(), kBatch, kSize, kSize,
                                    logits.data()),
            INVP_OK);
  double expected = 0;
  for (int64_t row = 0; row < kBatch; ++row) {
    double sum = 0;
    for (int32_t k = 0; k < kClasses; ++k) sum += std::exp(double{logits[row * kClasses + k]});
    for (int32_t k = 0; k < kClasses; ++k) {
      const double share = std::exp(double{logits[row * kClasses + k]}) / sum;
      const bool right = k == kLabels[row];
      slopes[row * kClasses + k] = static_cast<float>((share - right) / kBatch);
      if (right) expected -= std::log(share) / kBatch;
    }
  }
  ASSERT_EQ(invp_nn_network_backward(plain.network, slopes.data(), kBatch), INVP_OK);

  EXPECT_NEAR(tuned.learn(INVP_NN_STATISTICS_BATCH), expected, 1e-5);
  const auto ours = tuned.gradients();
  for (const auto& [name, theirs] : plain.gradients()) {
    if (of_head(name)) {
      EXPECT_EQ(ours.at(name), Floats(theirs.size(), 0.0f)) << name;
      continue;
    }
    for (size_t i = 0; i < theirs.size(); ++i) {
      ASSERT_NEAR(ours.at(name)[i], theirs[i], 1e-4 + 1e-3 * std::abs(theirs[i])) << name;
    }
  }
}

/* Small changes of single weights against the slopes; not of the first convolution, whose changes
 * take many a ReLU over its kink. */
TEST(Tuning, GivesTheSlopesOfTheLossWithRunningStatistics) {
  Tuned tuned;
  tuned.learn(INVP_NN_STATISTICS_RUNNING);
  const auto slopes = tuned.gradients();
  const auto state = tuned.state();
  constexpr float kChange = 1e-3f;
  for (const std::string name : {"bn1.weight", "layer3.0.bn1.bias", "layer2.0.downsample.1.bias",
                                 "layer4.1.conv2.weight", "layer4.1.bn2.weight"}) {
    for (const size_t at : {size_t{0}, size_t{3}}) {
      double losses[2];
      for (int side = 0; side < 2; ++side) {
        auto moved = state.at(name);
        moved[at] += side == 0 ? -kChange : kChange;
        tuned.set(name, moved);
        losses[side] = tuned.learn(INVP_NN_STATISTICS_RUNNING);
      }
      tuned.set(name, state.at(name));
      const double slope = (losses[1] - losses[0]) / (2 * kChange);
      EXPECT_NEAR(slopes.at(name)[at], slope, 2e-3 + 0.05 * std::abs(slope)) << name << " " << at;
    }
  }
}

TEST(Tuning, WithRunningStatisticsSeesWhatEvaluationSees) {
  Tuned tuned;
  Floats logits;
  tuned.learn(INVP_NN_STATISTICS_BATCH);  // moves the statistics off their start
  tuned.learn(INVP_NN_STATISTICS_RUNNING, &logits);
  Floats features(static_cast<size_t>(kBatch * tuned.features)), expected(kBatch * kClasses);
  ASSERT_EQ(invp_nn_network_embed(tuned.network, tuned.images.data(), kBatch, kSize, kSize,
                                  features.data(), nullptr),
            INVP_OK);
  ASSERT_EQ(invp_nn_classifier_logits(tuned.classifier, features.data(), kBatch, expected.data()),
            INVP_OK);
  for (size_t i = 0; i < logits.size(); ++i) EXPECT_NEAR(logits[i], expected[i], 1e-4);
}

TEST(Tuning, MovesRunningStatisticsOnlyWhereTheBatchCounts) {
  for (const int32_t statistics : {INVP_NN_STATISTICS_BATCH, INVP_NN_STATISTICS_RUNNING}) {
    Tuned tuned;
    const auto before = tuned.state();
    tuned.learn(statistics);
    for (const auto& [name, values] : tuned.state()) {
      const bool moves = running(name) && statistics == INVP_NN_STATISTICS_BATCH;
      EXPECT_EQ(values != before.at(name), moves) << name;
    }
  }
}

/* A classifier of zeros passes no slope on. */
TEST(Tuning, LeavesTheBackboneWhereTheClassifierPassesNothingOn) {
  Tuned tuned;
  const Floats zeros(static_cast<size_t>(kClasses * tuned.features), 0.0f);
  ASSERT_EQ(invp_nn_classifier_tensor_write(tuned.classifier, 0, zeros.data(),
                                            static_cast<int64_t>(zeros.size() * 4)),
            INVP_OK);
  invp_nn_sgd* sgd = nullptr;
  ASSERT_EQ(invp_nn_sgd_create_backbone(tuned.network, 0.9, 0, 0, &sgd), INVP_OK);
  const auto before = tuned.state();
  tuned.learn(INVP_NN_STATISTICS_RUNNING);
  ASSERT_EQ(invp_nn_sgd_step(sgd, 0.1), INVP_OK) << message();
  EXPECT_EQ(tuned.state(), before);
  Floats slope(zeros.size());
  ASSERT_EQ(invp_nn_classifier_gradient_read(tuned.classifier, 0, slope.data(),
                                             static_cast<int64_t>(slope.size() * 4)),
            INVP_OK);
  EXPECT_NE(slope, zeros);
  EXPECT_EQ(invp_nn_sgd_destroy(sgd), INVP_OK);
}

TEST(Tuning, StepsTheBackboneAndNotTheHead) {
  Tuned tuned;
  invp_nn_sgd* sgd = nullptr;
  ASSERT_EQ(invp_nn_sgd_create_backbone(tuned.network, 0, 0.1, 0, &sgd), INVP_OK);
  const auto before = tuned.state();
  tuned.learn(INVP_NN_STATISTICS_RUNNING);
  ASSERT_EQ(invp_nn_sgd_step(sgd, 0.1), INVP_OK) << message();
  for (const auto& [name, values] : tuned.state()) {
    if (!tuned.places.at(name).trainable || of_head(name)) {
      EXPECT_EQ(values, before.at(name)) << name;
    } else if (name.find("weight") != std::string::npos) {
      EXPECT_NE(values, before.at(name)) << name;
    }
  }
  EXPECT_EQ(invp_nn_sgd_destroy(sgd), INVP_OK);
}

TEST(Tuning, RefusesAClassifierOfAnotherSize) {
  Tuned small, large(50);
  double loss = 0;
  EXPECT_EQ(invp_nn_network_cross_entropy(large.network, small.classifier, small.images.data(),
                                          kBatch, kSize, kSize, kLabels.data(),
                                          INVP_NN_STATISTICS_BATCH, nullptr, &loss),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "a classifier of 32 inputs for 128 features");
}

TEST(Blocks, AreTheStemAndTheResidualBlocks) {
  const Tuned tuned(50);
  int64_t count = 0;
  ASSERT_EQ(invp_nn_network_block_count(tuned.network, &count), INVP_OK);
  EXPECT_EQ(count, 17);
  const auto expect_block = [&](int64_t index, const std::string& name, int64_t channels,
                                int64_t reduction) {
    char text[64];
    int64_t found_channels = 0, found_reduction = 0;
    ASSERT_EQ(invp_nn_network_block_info(tuned.network, index, text, sizeof text, &found_channels,
                                         &found_reduction),
              INVP_OK);
    EXPECT_EQ(text, name);
    EXPECT_EQ(found_channels, channels);
    EXPECT_EQ(found_reduction, reduction);
  };
  expect_block(0, "stem", 4, 1);
  expect_block(1, "layer1.0", 16, 1);
  expect_block(4, "layer2.0", 32, 2);
  expect_block(16, "layer4.2", 128, 8);
  EXPECT_EQ(invp_nn_network_block_info(tuned.network, 17, nullptr, 0, &count, &count),
            INVP_INVALID_ARGUMENT);
}

TEST(Blocks, GiveTheSameFeaturesTogetherAndAlone) {
  const Tuned tuned;
  const std::vector<int32_t> pool{5, 4, 0, 3, 3, 2, 2, 0, 1};
  const std::vector<int64_t> channels{4, 4, 4, 8, 8, 16, 16, 32, 32};
  int64_t floats = 0;
  for (size_t i = 0; i < pool.size(); ++i) floats += kBatch * channels[i] * pool[i] * pool[i];
  Floats together(static_cast<size_t>(floats));
  ASSERT_EQ(invp_nn_network_block_features(tuned.network, tuned.images.data(), kBatch, kSize, kSize,
                                           pool.data(), 9, together.data(), floats),
            INVP_OK)
      << message();
  auto at = together.begin();
  for (size_t i = 0; i < pool.size(); ++i) {
    if (pool[i] == 0) continue;
    std::vector<int32_t> one(9, 0);
    one[i] = pool[i];
    Floats alone(static_cast<size_t>(kBatch * channels[i] * pool[i] * pool[i]));
    ASSERT_EQ(invp_nn_network_block_features(tuned.network, tuned.images.data(), kBatch, kSize,
                                             kSize, one.data(), 9, alone.data(),
                                             static_cast<int64_t>(alone.size())),
              INVP_OK);
    EXPECT_EQ(alone, Floats(at, at + static_cast<std::ptrdiff_t>(alone.size()))) << i;
    at += static_cast<std::ptrdiff_t>(alone.size());
  }
}

TEST(Blocks, EndWithTheFeatures) {
  const Tuned tuned;
  std::vector<int32_t> pool(9, 0);
  pool[8] = 1;
  const int64_t floats = kBatch * tuned.features;
  Floats pooled(static_cast<size_t>(floats)), features(pooled.size());
  ASSERT_EQ(invp_nn_network_block_features(tuned.network, tuned.images.data(), kBatch, kSize, kSize,
                                           pool.data(), 9, pooled.data(), floats),
            INVP_OK);
  ASSERT_EQ(invp_nn_network_embed(tuned.network, tuned.images.data(), kBatch, kSize, kSize,
                                  features.data(), nullptr),
            INVP_OK);
  for (size_t i = 0; i < pooled.size(); ++i) EXPECT_NEAR(pooled[i], features[i], 1e-5);
}

/* A block pooled to its own size is its output, and averages of that are what smaller pools give.
 */
TEST(Blocks, PoolByAverages) {
  const Tuned tuned;
  const auto stem = [&](int32_t side) {
    std::vector<int32_t> pool(9, 0);
    pool[0] = side;
    Floats out(static_cast<size_t>(kBatch * 4 * side * side));
    EXPECT_EQ(invp_nn_network_block_features(tuned.network, tuned.images.data(), kBatch, kSize,
                                             kSize, pool.data(), 9, out.data(),
                                             static_cast<int64_t>(out.size())),
              INVP_OK)
        << message();
    return out;
  };
  const auto whole = stem(kSize);
  const auto halves = stem(2);
  for (int64_t plane = 0; plane < kBatch * 4; ++plane) {
    for (int64_t y = 0; y < 2; ++y) {
      for (int64_t x = 0; x < 2; ++x) {
        double sum = 0;  // of rows and columns 0 to 5, or 5 to 10
        for (int64_t row = 5 * y; row < 5 * y + 6; ++row) {
          for (int64_t column = 5 * x; column < 5 * x + 6; ++column) {
            sum += whole[plane * kSize * kSize + row * kSize + column];
          }
        }
        EXPECT_NEAR(halves[plane * 4 + y * 2 + x], sum / 36, 1e-5);
      }
    }
  }
}

TEST(Blocks, RefuseRoomOfAnotherSize) {
  const Tuned tuned;
  std::vector<int32_t> pool(9, 0);
  pool[0] = 1;
  float out[1];
  EXPECT_EQ(invp_nn_network_block_features(tuned.network, tuned.images.data(), kBatch, kSize, kSize,
                                           pool.data(), 9, out, 1),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "room for 1 of 24 features");
  EXPECT_EQ(invp_nn_network_block_features(tuned.network, tuned.images.data(), kBatch, kSize, kSize,
                                           pool.data(), 8, out, 1),
            INVP_INVALID_ARGUMENT);
}

}  // namespace
