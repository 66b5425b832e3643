/* The C ABI of invp/nn.h: linear classifiers, and training a whole network with one. */
#include <algorithm>
#include <memory>

#include "handles.h"
#include "nn_guard.h"
#include "runtime.h"

using invp::copy_text;
using invp::require;
using invp::nn::enter;
using invp::nn::nn_guard;
using invp::nn::read_gradient;
using invp::nn::read_tensor;
using invp::nn::write_tensor;

namespace invp::nn {

void describe(const NamedTensor& entry, char* name, int64_t name_capacity, int32_t* dtype,
              int32_t* rank, int64_t* shape, int32_t* trainable) {
  require(dtype != nullptr && rank != nullptr && shape != nullptr && trainable != nullptr,
          "dtype, rank, shape or trainable is null");
  const auto sizes = entry.tensor.sizes();
  copy_text(entry.name, name, name_capacity);
  *dtype = entry.tensor.scalar_type() == at::kLong ? INVP_NN_INT64 : INVP_NN_FLOAT32;
  *rank = static_cast<int32_t>(sizes.size());
  std::copy(sizes.begin(), sizes.end(), shape);
  *trainable = entry.trainable ? 1 : 0;
}

}  // namespace invp::nn

namespace {

const invp::nn::Tensors& tensors(const invp_nn_classifier* classifier) {
  return classifier->classifier.tensors();
}

at::Tensor rows(const invp_nn_classifier* classifier, const float* inputs, int64_t batch) {
  require(classifier != nullptr && inputs != nullptr, "classifier or inputs is null");
  require(batch >= 1, "batch must be at least 1");
  enter();
  return invp::nn::over(inputs, {batch, classifier->classifier.inputs()}, at::kFloat);
}

}  // namespace

INVP_EXPORT int32_t invp_nn_classifier_create(const invp_nn_classifier_options* options,
                                              uint64_t seed, invp_nn_classifier** classifier) {
  return nn_guard([&] {
    require(options != nullptr && classifier != nullptr, "options or classifier is null");
    enter();
    *classifier =
        std::make_unique<invp_nn_classifier>(invp::nn::Classifier(*options, seed)).release();
  });
}

INVP_EXPORT int32_t invp_nn_classifier_destroy(invp_nn_classifier* classifier) {
  return nn_guard([&] { std::unique_ptr<invp_nn_classifier>(classifier).reset(); });
}

INVP_EXPORT int32_t invp_nn_classifier_logits(const invp_nn_classifier* classifier,
                                              const float* inputs, int64_t batch, float* logits) {
  return nn_guard([&] {
    require(logits != nullptr, "logits is null");
    const auto x = rows(classifier, inputs, batch);
    const auto out = classifier->classifier.logits(x);
    read_tensor(out, logits, static_cast<int64_t>(out.nbytes()));
  });
}

INVP_EXPORT int32_t invp_nn_classifier_cross_entropy(invp_nn_classifier* classifier,
                                                     const float* inputs, int64_t batch,
                                                     const int32_t* labels, float* logits,
                                                     double* loss) {
  return nn_guard([&] {
    require(labels != nullptr && loss != nullptr, "labels or loss is null");
    const auto x = rows(classifier, inputs, batch);
    *loss = classifier->classifier.cross_entropy(x, labels, logits);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_binary_cross_entropy(invp_nn_classifier* classifier,
                                                            const float* inputs, int64_t batch,
                                                            const int32_t* targets, float* logits,
                                                            double* loss) {
  return nn_guard([&] {
    require(targets != nullptr && loss != nullptr, "targets or loss is null");
    const auto x = rows(classifier, inputs, batch);
    *loss = classifier->classifier.binary_cross_entropy(x, targets, logits);
  });
}

INVP_EXPORT int32_t invp_nn_network_cross_entropy(invp_nn_network* network,
                                                  invp_nn_classifier* classifier,
                                                  const float* images, int64_t batch,
                                                  int64_t height, int64_t width,
                                                  const int32_t* labels, int32_t statistics,
                                                  float* logits, double* loss) {
  return nn_guard([&] {
    require(network != nullptr && classifier != nullptr, "network or classifier is null");
    require(images != nullptr && labels != nullptr && loss != nullptr,
            "images, labels or loss is null");
    require(statistics == INVP_NN_STATISTICS_BATCH || statistics == INVP_NN_STATISTICS_RUNNING,
            "statistics must be 0 or 1");
    enter();
    const auto mode =
        statistics == INVP_NN_STATISTICS_BATCH ? invp::nn::Mode::kTrain : invp::nn::Mode::kTune;
    *loss = network->network.cross_entropy({images, batch, height, width}, classifier->classifier,
                                           labels, mode, logits);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_tensor_count(const invp_nn_classifier* classifier,
                                                    int64_t* count) {
  return nn_guard([&] {
    require(classifier != nullptr && count != nullptr, "classifier or count is null");
    *count = static_cast<int64_t>(tensors(classifier).size());
  });
}

INVP_EXPORT int32_t invp_nn_classifier_tensor_info(const invp_nn_classifier* classifier,
                                                   int64_t index, char* name, int64_t name_capacity,
                                                   int32_t* dtype, int32_t* rank, int64_t* shape,
                                                   int32_t* trainable) {
  return nn_guard([&] {
    require(classifier != nullptr, "classifier is null");
    invp::nn::describe(tensor_at(tensors(classifier), index), name, name_capacity, dtype, rank,
                       shape, trainable);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_tensor_read(const invp_nn_classifier* classifier,
                                                   int64_t index, void* data, int64_t bytes) {
  return nn_guard([&] {
    require(classifier != nullptr && data != nullptr, "classifier or data is null");
    enter();
    read_tensor(tensor_at(tensors(classifier), index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_tensor_write(invp_nn_classifier* classifier, int64_t index,
                                                    const void* data, int64_t bytes) {
  return nn_guard([&] {
    require(classifier != nullptr && data != nullptr, "classifier or data is null");
    enter();
    write_tensor(tensor_at(tensors(classifier), index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_gradient_read(const invp_nn_classifier* classifier,
                                                     int64_t index, float* data, int64_t bytes) {
  return nn_guard([&] {
    require(classifier != nullptr && data != nullptr, "classifier or data is null");
    enter();
    read_gradient(parameter_at(tensors(classifier), index).tensor, data, bytes);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_clear_gradients(invp_nn_classifier* classifier) {
  return nn_guard([&] {
    require(classifier != nullptr, "classifier is null");
    clear_gradients(tensors(classifier));
  });
}
