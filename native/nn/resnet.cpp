#include "resnet.h"

#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/relu.h>

#include "options.h"

namespace invp::nn {

ConvolutionNorm::ConvolutionNorm(Tensors& tensors, const std::string& convolution,
                                 const std::string& norm, const Convolution::Shape& shape,
                                 Initialiser& initialiser)
    : convolution_(tensors, convolution, shape, initialiser), norm_(tensors, norm, shape.out) {}

at::Tensor ConvolutionNorm::forward(const at::Tensor& x, const After& after, Mode mode) {
  auto y = convolution_.forward(x);
  switch (mode) {
    case Mode::kTrain:
      return norm_.train(y, after);
    case Mode::kTune:
      return norm_.tune(y, after);
    case Mode::kEvaluate:
      break;
  }
  return norm_.evaluate(std::move(y), after);
}

Block::Block(Tensors& tensors, const std::string& prefix, int64_t in, int64_t channels,
             int64_t stride, bool bottleneck, Initialiser& initialiser) {
  const auto add = [&](int64_t from, int64_t to, int64_t kernel, int64_t step) {
    const auto number = std::to_string(path_.size() + 1);
    path_.emplace_back(tensors, prefix + ".conv" + number, prefix + ".bn" + number,
                       Convolution::Shape{from, to, kernel, step, kernel / 2}, initialiser);
  };
  const int64_t out = bottleneck ? kExpansion * channels : channels;
  if (bottleneck) {
    add(in, channels, 1, 1);
    add(channels, channels, 3, stride);
    add(channels, out, 1, 1);
  } else {
    add(in, channels, 3, stride);
    add(channels, channels, 3, 1);
  }
  if (stride != 1 || in != out) {
    shortcut_.emplace(tensors, prefix + ".downsample.0", prefix + ".downsample.1",
                      Convolution::Shape{in, out, 1, stride, 0}, initialiser);
  }
}

at::Tensor Block::forward(const at::Tensor& x, Mode mode) {
  auto y = x;
  for (size_t i = 0; i + 1 < path_.size(); ++i) y = path_[i].forward(y, {.relu = true}, mode);
  const auto residual = shortcut_ ? shortcut_->forward(x, {.relu = false}, mode) : x;
  return path_.back().forward(y, {.relu = true, .residual = residual}, mode);
}

Head::Head(Tensors& tensors, int64_t features, const invp_nn_network_options& options,
           Initialiser& initialiser) {
  const bool norm = options.head_batch_norm != 0;
  const bool sequence = norm || options.head == INVP_NN_HEAD_MLP;
  int64_t position = 0;  // in PyTorch's nn.Sequential, where ReLU has a number too
  const auto next = [&] { return sequence ? "fc." + std::to_string(position++) : "fc"; };
  const auto add = [&](int64_t in, int64_t out) {
    linear_.emplace_back(tensors, next(), in, out, !norm, initialiser);
    if (norm) norms_.emplace_back(tensors, next(), out);
  };
  if (options.head == INVP_NN_HEAD_MLP) {
    add(features, options.head_hidden);
    ++position;
    add(options.head_hidden, options.dimension);
  } else {
    add(features, options.dimension);
  }
}

at::Tensor Head::forward(const at::Tensor& features, Mode mode) {
  auto x = features;
  for (size_t i = 0; i < linear_.size(); ++i) {
    const bool relu = i + 1 < linear_.size();
    x = linear_[i].forward(x);
    if (norms_.empty()) {
      if (relu) x = at::relu(x);
    } else if (mode == Mode::kTrain) {
      x = norms_[i].train(x, {.relu = relu});
    } else if (mode == Mode::kTune) {
      x = norms_[i].tune(x, {.relu = relu});
    } else {
      x = norms_[i].evaluate(x, {.relu = relu});
    }
  }
  return x;
}

ResNet::ResNet(const invp_nn_network_options& options, uint64_t seed, at::Device device)
    : options_(options) {
  check_options(options);
  const auto depth = depth_of(options.architecture);
  Initialiser initialiser(options.initialisation, seed);

  const bool imagenet = options.stem == INVP_NN_STEM_IMAGENET;
  stem_.emplace(tensors_, "conv1", "bn1",
                imagenet ? Convolution::Shape{options.channels, options.width, 7, 2, 3}
                         : Convolution::Shape{options.channels, options.width, 3, 1, 1},
                initialiser);
  int64_t in = options.width;
  int64_t reduction = imagenet ? 4 : 1;
  block_infos_.push_back({"stem", in, reduction});
  for (size_t stage = 0; stage < depth.blocks.size(); ++stage) {
    const int64_t channels = int64_t{options.width} << stage;
    for (int32_t i = 0; i < depth.blocks[stage]; ++i) {
      const auto prefix = "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
      const int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      blocks_.emplace_back(tensors_, prefix, in, channels, stride, depth.bottleneck, initialiser);
      in = depth.bottleneck ? Block::kExpansion * channels : channels;
      reduction *= stride;
      block_infos_.push_back({prefix, in, reduction});
    }
  }
  feature_dimension_ = in;
  head_begin_ = tensors_.size();
  head_.emplace(tensors_, in, options, initialiser);
  move_to(tensors_, device);
}

Tensors ResNet::backbone_tensors() const {
  return {tensors_.begin(), tensors_.begin() + static_cast<std::ptrdiff_t>(head_begin_)};
}

at::Tensor ResNet::convolve(const at::Tensor& images, Mode mode, const Visit& visit) {
  auto x = stem_->forward(images, {.relu = true}, mode);
  if (options_.stem == INVP_NN_STEM_IMAGENET) x = at::max_pool2d(x, 3, 2, 1);
  visit(0, x);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    x = blocks_[i].forward(x, mode);
    visit(i + 1, x);
  }
  return x;
}

at::Tensor ResNet::features(const at::Tensor& images, Mode mode) {
  return convolve(images, mode, [](size_t, const at::Tensor&) {})
      .mean({2, 3}, /*keepdim=*/false, at::kFloat);
}

at::Tensor ResNet::embeddings(const at::Tensor& features, Mode mode) {
  return head_->forward(features, mode);
}

}  // namespace invp::nn
