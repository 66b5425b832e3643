/* The C ABI of invp/nn.h: linear classifiers, and training a whole network with one. */
#include <algorithm>
#include <memory>

#include "arrays.h"
#include "handles.h"
#include "nn_guard.h"
#include "runtime.h"

using invp::copy_text;
using invp::maybe;
using invp::reads;
using invp::require;
using invp::require_arrays;
using invp::writes;
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

/* How many labels a row has. */
enum class Labels { kNone, kOne, kEach };

/* The inputs as a tensor, when all arrays of the call were found to lie apart: gradients read the
 * inputs after the logits were written. `logits` may be null where there are labels. */
at::Tensor rows(const invp_nn_classifier* handle, const float* inputs, int64_t batch, Labels kind,
                const int32_t* labels, float* logits, double* loss) {
  require(handle != nullptr, "classifier is null");
  require(batch >= 1, "batch must be at least 1");
  const auto& classifier = handle->classifier;
  const auto given = reads("inputs", inputs, batch, classifier.inputs());
  const auto told = writes("logits", logits, batch, classifier.classes());
  if (kind == Labels::kNone) {
    require_arrays({given, told});
  } else {
    const int64_t labelled = kind == Labels::kOne ? 1 : classifier.classes();
    require_arrays(
        {given, reads("labels", labels, batch, labelled), maybe(told), writes("loss", loss, 1)});
  }
  enter();
  return invp::nn::over(inputs, {batch, classifier.inputs()}, at::kFloat);
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
    const auto x = rows(classifier, inputs, batch, Labels::kNone, nullptr, logits, nullptr);
    const auto out = classifier->classifier.logits(x);
    read_tensor(out, logits, static_cast<int64_t>(out.nbytes()));
  });
}

INVP_EXPORT int32_t invp_nn_classifier_cross_entropy(invp_nn_classifier* classifier,
                                                     const float* inputs, int64_t batch,
                                                     const int32_t* labels, float* logits,
                                                     double* loss) {
  return nn_guard([&] {
    const auto x = rows(classifier, inputs, batch, Labels::kOne, labels, logits, loss);
    *loss = classifier->classifier.cross_entropy(x, labels, logits);
  });
}

INVP_EXPORT int32_t invp_nn_classifier_binary_cross_entropy(invp_nn_classifier* classifier,
                                                            const float* inputs, int64_t batch,
                                                            const int32_t* targets, float* logits,
                                                            double* loss) {
  return nn_guard([&] {
    const auto x = rows(classifier, inputs, batch, Labels::kEach, targets, logits, loss);
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
    require_arrays(
        {reads("images", images, batch, network->network.model().channels(), height, width),
         reads("labels", labels, batch),
         maybe(writes("logits", logits, batch, classifier->classifier.classes())),
         writes("loss", loss, 1)});
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
