/* The C ABI as a caller in C sees it: statuses, messages, shapes, determinism. */
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "invp/nn.h"

namespace {

constexpr int64_t kBatch = 4;
constexpr int64_t kSize = 10;
constexpr int64_t kPixels = kBatch * kSize * kSize;

invp_nn_network_options small() {
  invp_nn_network_options options{};
  options.architecture = 18;
  options.stem = INVP_NN_STEM_CIFAR;
  options.channels = 1;
  options.width = 4;
  options.dimension = 6;
  options.head = INVP_NN_HEAD_LINEAR;
  options.head_batch_norm = 1;
  return options;
}

std::string message() {
  char text[512];
  const auto length = invp_nn_last_error(text, sizeof text);
  return {text, static_cast<size_t>(length)};
}

/* A network with its optimizer, closed at the end of a test. */
struct Trained {
  explicit Trained(uint64_t seed, double momentum = 0.9) {
    const auto options = small();
    EXPECT_EQ(invp_nn_network_create(&options, seed, &network), INVP_OK) << message();
    EXPECT_EQ(invp_nn_sgd_create(network, momentum, 0.01, 0, &sgd), INVP_OK) << message();
  }
  ~Trained() {
    EXPECT_EQ(invp_nn_sgd_destroy(sgd), INVP_OK);
    EXPECT_EQ(invp_nn_network_destroy(network), INVP_OK);
  }

  std::vector<float> forward() {
    std::vector<float> images(kPixels), embeddings(kBatch * 6);
    for (size_t i = 0; i < images.size(); ++i) images[i] = static_cast<float>(i * 37 % 101) / 50;
    EXPECT_EQ(
        invp_nn_network_forward(network, images.data(), kBatch, kSize, kSize, embeddings.data()),
        INVP_OK)
        << message();
    return embeddings;
  }

  invp_nn_network* network = nullptr;
  invp_nn_sgd* sgd = nullptr;
};

TEST(Abi, StatesItsVersions) {
  EXPECT_EQ(invp_nn_abi_version(), INVP_NN_ABI_VERSION);
  char text[256];
  EXPECT_GT(invp_nn_libtorch_version(text, sizeof text), 0);
  EXPECT_STREQ(text, "2.13.0");
  EXPECT_GT(invp_nn_cpu_capability(text, sizeof text), 0);
  EXPECT_GT(invp_nn_build_info(text, sizeof text), 0);
}

TEST(Abi, CutsTextsAtTheCapacityAndReturnsTheirLength) {
  char text[4];
  EXPECT_EQ(invp_nn_libtorch_version(text, sizeof text), 6);
  EXPECT_STREQ(text, "2.1");
  EXPECT_EQ(invp_nn_libtorch_version(nullptr, 0), 6);
}

TEST(Abi, NamesTheOptionThatIsOutOfRange) {
  invp_nn_network* network = nullptr;
  auto options = small();
  options.architecture = 20;
  EXPECT_EQ(invp_nn_network_create(&options, 0, &network), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "network option architecture is 20, allowed are 18, 34, 50, 101 and 152");
  options = small();
  options.device = 2;
  EXPECT_EQ(invp_nn_network_create(&options, 0, &network), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "network option device is 2, allowed are 0 to 1");
  EXPECT_EQ(network, nullptr);
}

TEST(Abi, RefusesNull) {
  EXPECT_EQ(invp_nn_network_create(nullptr, 0, nullptr), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_nn_network_forward(nullptr, nullptr, 1, 1, 1, nullptr), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_nn_sgd_step(nullptr, 0.1), INVP_INVALID_ARGUMENT);
  EXPECT_EQ(invp_nn_network_destroy(nullptr), INVP_OK);
  EXPECT_EQ(invp_nn_sgd_destroy(nullptr), INVP_OK);
}

TEST(Abi, RefusesEmptyImages) {
  Trained trained(1);
  float value = 0;
  EXPECT_EQ(invp_nn_network_forward(trained.network, &value, 0, 10, 10, &value),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "images of shape [0, 1, 10, 10]: every extent must be at least 1");
}

#ifndef __SANITIZE_ADDRESS__  // which ends the process instead
TEST(Abi, TurnsMemoryThatCannotBeHadIntoAStatus) {
  Trained trained(1);
  float value = 0;
  const int64_t huge = int64_t{1} << 24;
  EXPECT_EQ(invp_nn_network_embed(trained.network, &value, 1, huge, huge, nullptr, nullptr),
            INVP_OUT_OF_MEMORY);
}
#endif

TEST(Abi, GivesLibTorchsOwnErrorsOneLine) {
  Trained trained(1);
  float value = 0;
  // More bytes than a signed number of 64 bits counts.
  EXPECT_EQ(invp_nn_network_embed(trained.network, &value, 1, int64_t{1} << 31, int64_t{1} << 30,
                                  nullptr, nullptr),
            INVP_BACKEND_FAILURE);
  EXPECT_EQ(message().rfind("LibTorch: ", 0), 0u) << message();
  EXPECT_EQ(message().find('\n'), std::string::npos) << message();
}

TEST(Abi, RefusesResultsOverOtherArrays) {
  Trained trained(1);
  int64_t features = 0;
  ASSERT_EQ(invp_nn_network_feature_dimension(trained.network, &features), INVP_OK);
  std::vector<float> images(kPixels), out(static_cast<size_t>(kBatch * features));
  EXPECT_EQ(invp_nn_network_embed(trained.network, images.data(), kBatch, kSize, kSize, out.data(),
                                  out.data() + 5),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "embeddings, which is written, overlaps features");
  EXPECT_EQ(invp_nn_network_forward(trained.network, images.data(), kBatch, kSize, kSize,
                                    images.data() + 1),
            INVP_INVALID_ARGUMENT);
  // The gradient of the weights reads the inputs after the logits were written.
  const invp_nn_classifier_options options{6, 3, INVP_NN_INPUTS_NONE, 0};
  invp_nn_classifier* classifier = nullptr;
  ASSERT_EQ(invp_nn_classifier_create(&options, 1, &classifier), INVP_OK) << message();
  const std::vector<int32_t> labels = {0, 1, 2, 0};
  double loss = 0;
  EXPECT_EQ(invp_nn_classifier_cross_entropy(classifier, images.data(), kBatch, labels.data(),
                                             images.data(), &loss),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "logits, which is written, overlaps inputs");
  EXPECT_EQ(invp_nn_classifier_destroy(classifier), INVP_OK);
}

TEST(Abi, RefusesMoreFeaturesThanCanBeCounted) {
  Trained trained(1);
  int64_t blocks = 0;
  ASSERT_EQ(invp_nn_network_block_count(trained.network, &blocks), INVP_OK);
  const std::vector<int32_t> pool(static_cast<size_t>(blocks), 1024);
  float value = 0;
  EXPECT_EQ(invp_nn_network_block_features(trained.network, &value, int64_t{1} << 50, 0, 1,
                                           pool.data(), blocks, &value, 0),
            INVP_INVALID_ARGUMENT);
}

TEST(Abi, RepeatsATrainingStepBitForBit) {
  std::vector<std::vector<float>> ends;
  for (int run = 0; run < 2; ++run) {
    Trained trained(7);
    for (int step = 0; step < 3; ++step) {
      const auto gradient = trained.forward();
      ASSERT_EQ(invp_nn_network_backward(trained.network, gradient.data(), kBatch), INVP_OK);
      ASSERT_EQ(invp_nn_sgd_step(trained.sgd, 0.01), INVP_OK) << message();
    }
    ends.push_back(trained.forward());
  }
  EXPECT_EQ(ends[0], ends[1]);
}

TEST(Abi, ReadsBackWhatWasWritten) {
  Trained trained(1);
  int64_t count = 0;
  ASSERT_EQ(invp_nn_network_tensor_count(trained.network, &count), INVP_OK);
  for (int64_t index = 0; index < count; ++index) {
    char name[64];
    int32_t dtype, rank, trainable;
    int64_t shape[INVP_NN_MAX_RANK];
    ASSERT_EQ(invp_nn_network_tensor_info(trained.network, index, name, sizeof name, &dtype, &rank,
                                          shape, &trainable),
              INVP_OK);
    int64_t bytes = dtype == INVP_NN_INT64 ? 8 : 4;
    for (int32_t i = 0; i < rank; ++i) bytes *= shape[i];
    std::vector<unsigned char> in(static_cast<size_t>(bytes)), out(in.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<unsigned char>(i * 7 % 60);
    ASSERT_EQ(invp_nn_network_tensor_write(trained.network, index, in.data(), bytes), INVP_OK);
    ASSERT_EQ(invp_nn_network_tensor_read(trained.network, index, out.data(), bytes), INVP_OK);
    EXPECT_EQ(in, out) << name;
    EXPECT_EQ(invp_nn_network_tensor_read(trained.network, index, out.data(), bytes + 4),
              INVP_INVALID_ARGUMENT);
  }
  EXPECT_EQ(invp_nn_network_tensor_read(trained.network, count, nullptr, 0), INVP_INVALID_ARGUMENT);
}

TEST(Abi, GivesZeroGradientsBeforeABackward) {
  Trained trained(1);
  std::vector<float> gradient(4 * 9, 1.0f);
  ASSERT_EQ(invp_nn_network_gradient_read(trained.network, 0, gradient.data(), 4 * 9 * 4), INVP_OK);
  EXPECT_EQ(gradient, std::vector<float>(4 * 9, 0.0f));
  EXPECT_EQ(invp_nn_network_gradient_read(trained.network, 3, gradient.data(), 16),
            INVP_INVALID_ARGUMENT);
  EXPECT_EQ(message(), "bn1.running_mean is a buffer, not a parameter");
}

TEST(Abi, KeepsNoMomentumWhereThereIsNone) {
  Trained trained(1, 0);
  const auto gradient = trained.forward();
  ASSERT_EQ(invp_nn_network_backward(trained.network, gradient.data(), kBatch), INVP_OK);
  ASSERT_EQ(invp_nn_sgd_step(trained.sgd, 0.1), INVP_OK);
  int32_t present = 1;
  ASSERT_EQ(invp_nn_sgd_has_momentum(trained.sgd, &present), INVP_OK);
  EXPECT_EQ(present, 0);
  std::vector<float> buffer(4 * 9);
  EXPECT_EQ(invp_nn_sgd_momentum_write(trained.sgd, 0, buffer.data(), 4 * 9 * 4),
            INVP_INVALID_ARGUMENT);
}

}  // namespace
