#ifndef INVP_NN_SGD_H
#define INVP_NN_SGD_H

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <vector>

#include "execution.h"
#include "tensors.h"

namespace invp::nn {

/* Stochastic gradient descent on all parameters among some tensors, as torch.optim.SGD computes it,
 * where they lie; in half precision with the loss scale taken out. */
class Sgd {
 public:
  Sgd(Tensors tensors, std::shared_ptr<Execution> execution, double momentum, double weight_decay,
      bool nesterov);

  /* Needs the gradients of a backward and clears them. */
  void step(double learning_rate);

  bool has_momentum() const { return !buffers_.empty(); }
  void clear_momentum() { buffers_.clear(); }
  void read_momentum(int64_t index, float* data, int64_t bytes) const;
  void write_momentum(int64_t index, const float* data, int64_t bytes);

 private:
  size_t position(int64_t index) const;
  void make_buffers();

  Tensors tensors_;
  std::shared_ptr<Execution> execution_;
  double momentum_, weight_decay_;
  bool nesterov_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> buffers_;      // one per parameter, or none before the first step
  std::map<int64_t, size_t> positions_;  // of the tensors among the parameters
};

}  // namespace invp::nn

#endif
