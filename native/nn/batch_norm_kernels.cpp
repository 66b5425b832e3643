#include "batch_norm_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#include "batch_norm_blocks.h"

namespace invp::nn::kernels {
namespace {

/* Elements of a block: few enough that a second look at them finds them in the cache. */
constexpr int64_t kBlockElements = 8192;

/* Calls body(block, first row, its extent); the division depends on the shape alone. */
class Blocks {
 public:
  explicit Blocks(Extent extent)
      : extent_(extent), rows_(std::max<int64_t>(1, kBlockElements / extent.channels)) {}

  int64_t count() const { return (extent_.rows + rows_ - 1) / rows_; }
  int64_t rows(int64_t block) const { return std::min(rows_, extent_.rows - block * rows_); }

  template <typename Body>
  void each(const Body& body) const {
    at::parallel_for(0, count(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        body(block, block * rows_ * extent_.channels, Extent{rows(block), extent_.channels});
      }
    });
  }

 private:
  Extent extent_;
  int64_t rows_;
};

}  // namespace

void moments(Extent extent, const float* x, float* mean, float* variance) {
  const Blocks blocks(extent);
  const int64_t channels = extent.channels;
  std::vector<float> means(blocks.count() * channels);
  std::vector<float> squares(blocks.count() * channels);
  blocks.each([&](int64_t block, int64_t first, Extent part) {
    block_moments(part, x + first, &means[block * channels], &squares[block * channels]);
  });
  const auto rows = static_cast<double>(extent.rows);
  for (int64_t channel = 0; channel < channels; ++channel) {
    double sum = 0;
    for (int64_t block = 0; block < blocks.count(); ++block) {
      sum += static_cast<double>(blocks.rows(block)) * means[block * channels + channel];
    }
    const double middle = sum / rows;
    double total = 0;
    for (int64_t block = 0; block < blocks.count(); ++block) {
      const double away = means[block * channels + channel] - middle;
      total += squares[block * channels + channel] +
               static_cast<double>(blocks.rows(block)) * away * away;
    }
    mean[channel] = static_cast<float>(middle);
    variance[channel] = static_cast<float>(total / rows);
  }
}

void apply(Extent extent, const float* x, const float* scale, const float* shift,
           const float* residual, bool relu, float* y) {
  Blocks(extent).each([&](int64_t, int64_t first, Extent part) {
    block_apply(part, x + first, scale, shift, residual == nullptr ? nullptr : residual + first,
                relu, y + first);
  });
}

void gradient(Extent extent, const Gradient& p) {
  const Blocks blocks(extent);
  const int64_t channels = extent.channels;
  std::vector<float> sums(blocks.count() * channels);
  std::vector<float> products(blocks.count() * channels);
  blocks.each([&](int64_t block, int64_t first, Extent part) {
    block_gradient_sums(part, p.dy + first, p.y == nullptr ? nullptr : p.y + first, p.x + first,
                        p.mean, p.dresidual == nullptr ? nullptr : p.dresidual + first,
                        &sums[block * channels], &products[block * channels]);
  });

  // dx = scale * (g - mean(g) - (x - mean) * mean(g * (x - mean)) / variance)
  const auto rows = static_cast<double>(extent.rows);
  std::vector<float> scale(channels), slope(channels), offset(channels);
  for (int64_t channel = 0; channel < channels; ++channel) {
    double sum = 0;
    double product = 0;
    for (int64_t block = 0; block < blocks.count(); ++block) {
      sum += sums[block * channels + channel];
      product += products[block * channels + channel];
    }
    const double inverse = p.inverse_deviation[channel];
    const double factor = p.weight[channel] * inverse;
    const double bend = factor * inverse * inverse * product / rows;
    p.dbias[channel] = static_cast<float>(sum);
    p.dweight[channel] = static_cast<float>(product * inverse);
    scale[channel] = static_cast<float>(factor);
    slope[channel] = static_cast<float>(-bend);
    offset[channel] = static_cast<float>(-factor * sum / rows);
  }

  // Where the gated gradient was written, it is the cheaper one to read again.
  const float* g = p.dresidual == nullptr ? p.dy : p.dresidual;
  const float* gate = p.dresidual == nullptr ? p.y : nullptr;
  blocks.each([&](int64_t, int64_t first, Extent part) {
    block_gradient_apply(part, g + first, gate == nullptr ? nullptr : gate + first, p.x + first,
                         p.mean, scale.data(), slope.data(), offset.data(), p.dx + first);
  });
}

}  // namespace invp::nn::kernels
