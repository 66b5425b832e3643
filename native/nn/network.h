/* A network between two buffers of the caller: the state that one training step leaves behind. */
#ifndef INVP_NN_NETWORK_H
#define INVP_NN_NETWORK_H

#include "resnet.h"

namespace invp::nn {

/* A batch of images [batch, C, height, width], row-major. */
struct Images {
  const float* pixels;
  int64_t batch, height, width;
};

class Network {
 public:
  Network(const invp_nn_network_options& options, uint64_t seed) : model_(options, seed) {}

  void forward(const Images& images, float* embeddings);
  void backward(const float* gradient, int64_t batch);
  void embed(const Images& images, float* features, float* embeddings);
  void clear_gradients();

  const ResNet& model() const { return model_; }
  const NamedTensor& tensor(int64_t index) const;
  /* The same, or an error if it is not a parameter. */
  const NamedTensor& parameter(int64_t index) const;

 private:
  at::Tensor to_tensor(const Images& images) const;

  ResNet model_;
  at::Tensor output_;  // of the last forward, with its graph, until backward
};

/* Copies between a tensor of any layout and row-major memory of exactly its size. */
void read_tensor(const at::Tensor& tensor, void* data, int64_t bytes);
void write_tensor(const at::Tensor& tensor, const void* data, int64_t bytes);

}  // namespace invp::nn

#endif
