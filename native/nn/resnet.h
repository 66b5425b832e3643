/*
 * Residual networks (He et al. 2016) as torchvision builds them: a bottleneck's stride sits on its
 * 3x3 convolution, shortcuts that change shape are a strided 1x1 convolution and batch
 * normalisation, tensors carry torchvision's names.
 */
#ifndef INVP_NN_RESNET_H
#define INVP_NN_RESNET_H

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "batch_norm.h"
#include "invp/nn.h"
#include "layers.h"
#include "tensors.h"

namespace invp::nn {

/* Training and evaluation as PyTorch has them, and training that normalises by the running
 * statistics and leaves these alone. */
enum class Mode { kTrain, kTune, kEvaluate };

/* A convolution and the batch normalisation after it. */
class ConvolutionNorm {
 public:
  ConvolutionNorm(Tensors& tensors, const std::string& convolution, const std::string& norm,
                  const Convolution::Shape& shape, Initialiser& initialiser);

  at::Tensor forward(const at::Tensor& x, const After& after, Mode mode);

 private:
  Convolution convolution_;
  BatchNorm norm_;
};

/* Two 3x3 convolutions, or 1x1 - 3x3 - 1x1 with four times the channels at the end. */
class Block {
 public:
  static constexpr int64_t kExpansion = 4;

  Block(Tensors& tensors, const std::string& prefix, int64_t in, int64_t channels, int64_t stride,
        bool bottleneck, Initialiser& initialiser);

  at::Tensor forward(const at::Tensor& x, Mode mode);

 private:
  std::vector<ConvolutionNorm> path_;
  std::optional<ConvolutionNorm> shortcut_;
};

/* Linear, or linear - ReLU - linear, with batch normalisation after each linear layer or not. */
class Head {
 public:
  Head(Tensors& tensors, int64_t features, const invp_nn_network_options& options,
       Initialiser& initialiser);

  at::Tensor forward(const at::Tensor& features, Mode mode);

 private:
  std::vector<Linear> linear_;
  std::vector<BatchNorm> norms_;
};

/* A place inside the backbone; image sides are divided by the reduction, rounded up. */
struct BlockInfo {
  std::string name;
  int64_t channels;
  int64_t reduction;
};

class ResNet {
 public:
  /* Called with a block's number, 0 being the stem, and its output [B, C, H, W]. */
  using Visit = std::function<void(size_t, const at::Tensor&)>;

  /* Weights are drawn on the CPU, so that a seed gives the same ones on every device. */
  ResNet(const invp_nn_network_options& options, uint64_t seed, at::Device device);

  int64_t feature_dimension() const { return feature_dimension_; }
  int64_t dimension() const { return options_.dimension; }
  int64_t channels() const { return options_.channels; }
  const Tensors& tensors() const { return tensors_; }
  /* The tensors that come before the head's. */
  Tensors backbone_tensors() const;
  const std::vector<BlockInfo>& blocks() const { return block_infos_; }

  /* Images [B, C, H, W], channels-last, through all blocks; returns the last one's output. */
  at::Tensor convolve(const at::Tensor& images, Mode mode, const Visit& visit);
  /* Images [B, C, H, W], channels-last, to features [B, F], float32, after global average pooling.
   */
  at::Tensor features(const at::Tensor& images, Mode mode);
  /* Features to embeddings [B, D]. */
  at::Tensor embeddings(const at::Tensor& features, Mode mode);

 private:
  invp_nn_network_options options_;
  Tensors tensors_;
  std::optional<ConvolutionNorm> stem_;
  std::vector<Block> blocks_;
  std::vector<BlockInfo> block_infos_;
  size_t head_begin_ = 0;  // the head's first tensor
  int64_t feature_dimension_ = 0;
  std::optional<Head> head_;
};

}  // namespace invp::nn

#endif
