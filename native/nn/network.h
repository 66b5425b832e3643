/* A network between two buffers of the caller: the state that one training step leaves behind. */
#ifndef INVP_NN_NETWORK_H
#define INVP_NN_NETWORK_H

#include <memory>
#include <vector>

#include "classifier.h"
#include "execution.h"
#include "gradient_sum.h"
#include "resnet.h"

namespace invp::nn {

/* A batch of images [batch, C, height, width], row-major, in host memory. */
struct Images {
  const float* pixels;
  int64_t batch, height, width;
};

class Network {
 public:
  Network(const invp_nn_network_options& options, uint64_t seed)
      : execution_(std::make_shared<Execution>(options)),
        model_(options, seed, execution_->device) {}

  /* Embeddings and their gradient lie on the network's device. */
  void forward(const Images& images, float* embeddings);
  void backward(const float* gradient, int64_t batch);
  void embed(const Images& images, float* features, float* embeddings);
  void block_features(const Images& images, const std::vector<int32_t>& pool, float* features,
                      int64_t floats);
  /* One pass of training on labels: gradients of backbone and classifier, and the loss. */
  double cross_entropy(const Images& images, Classifier& classifier, const int32_t* labels,
                       Mode mode, float* logits);

  /* Backward sums gradients over a group from now on; null leaves it. Borrows the group. */
  void set_group(Group* group);

  void set_stream(void* stream);

  /* A parameter's gradient, without the loss scale, or zeros, to host memory. */
  void read_gradient(int64_t index, float* data, int64_t bytes) const;

  const ResNet& model() const { return model_; }
  const std::shared_ptr<Execution>& execution() const { return execution_; }

 private:
  /* Throws std::invalid_argument unless every extent is at least 1. */
  void require_images(const Images& images) const;
  at::Tensor to_tensor(const Images& images) const;
  /* Features [B, F] in float32, computed in the execution's precision. */
  at::Tensor features(const Images& images, Mode mode);

  std::shared_ptr<Execution> execution_;
  ResNet model_;
  std::unique_ptr<GradientSum> sum_;
  at::Tensor output_;  // of the last forward, with its graph, until backward
};

}  // namespace invp::nn

#endif
