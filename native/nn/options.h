/* What a network is made of, checked. */
#ifndef INVP_NN_OPTIONS_H
#define INVP_NN_OPTIONS_H

#include <array>
#include <cstdint>

#include "invp/nn.h"

namespace invp::nn {

/* Throws std::invalid_argument with one line for the first option out of its range. */
void check_options(const invp_nn_network_options& options);
/* The part of it that says where and how a network computes. */
void check_execution(const invp_nn_network_options& options);

/* The published depths: blocks per stage, and whether a block is a bottleneck (1x1, 3x3, 1x1). */
struct Depth {
  std::array<int32_t, 4> blocks;
  bool bottleneck;
};
Depth depth_of(int32_t architecture);

}  // namespace invp::nn

#endif
