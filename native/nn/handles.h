/* What the opaque handles of invp/nn.h point to, and what their functions have in common. */
#ifndef INVP_NN_HANDLES_H
#define INVP_NN_HANDLES_H

#include "classifier.h"
#include "invp/nn.h"
#include "network.h"
#include "sgd.h"

struct invp_nn_network {
  invp::nn::Network network;
};
struct invp_nn_classifier {
  invp::nn::Classifier classifier;
};
struct invp_nn_sgd {
  invp::nn::Sgd sgd;
};

namespace invp::nn {

/* Name, type and shape into a caller's memory, which has room for INVP_NN_MAX_RANK extents. */
void describe(const NamedTensor& entry, char* name, int64_t name_capacity, int32_t* dtype,
              int32_t* rank, int64_t* shape, int32_t* trainable);

}  // namespace invp::nn

#endif
