/*
 * The loops over a block, written for vectors of sixteen channels and compiled once per instruction
 * set; the copy is chosen when the library loads. Nothing is contracted or reassociated, so all
 * copies give the same bits.
 */
#include "batch_norm_blocks.h"

#include <cstring>

#if defined(__x86_64__)
#define INVP_NN_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define INVP_NN_CLONES
#endif
// Whatever a clone calls must be inlined into it, or it is compiled for the oldest processor.
#define INVP_NN_INLINE __attribute__((always_inline))

namespace invp::nn::kernels {
namespace {

/* The compiler splits these where registers are narrower. */
typedef float Lanes __attribute__((vector_size(64)));

template <typename V>
INVP_NN_INLINE inline void load(V& value, const float* from) {
  std::memcpy(&value, from, sizeof(V));
}

template <typename V>
INVP_NN_INLINE inline void store(float* to, const V& value) {
  std::memcpy(to, &value, sizeof(V));
}

/* Calls body(channel, V{}) for whole vectors of channels, then for single ones. */
template <typename Body>
INVP_NN_INLINE inline void over_channels(int64_t channels, const Body& body) {
  constexpr int64_t kWidth = sizeof(Lanes) / sizeof(float);
  int64_t channel = 0;
  for (; channel + kWidth <= channels; channel += kWidth) body(channel, Lanes{});
  for (; channel < channels; ++channel) body(channel, float{});
}

/* Calls body(row, i) with i = 0, 1, 2, 3 in turn: four sums hide the latency of one. */
template <typename Body>
INVP_NN_INLINE inline void over_rows(int64_t rows, const Body& body) {
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    body(row, 0);
    body(row + 1, 1);
    body(row + 2, 2);
    body(row + 3, 3);
  }
  for (; row < rows; ++row) body(row, 0);
}

}  // namespace

INVP_NN_CLONES void block_moments(Extent extent, const float* x, float* mean, float* squares) {
  const int64_t stride = extent.channels;
  over_channels(stride, [&](int64_t channel, auto zero) INVP_NN_INLINE {
    using V = decltype(zero);
    V sums[4] = {};
    over_rows(extent.rows, [&](int64_t row, int i) INVP_NN_INLINE {
      V value;
      load(value, x + row * stride + channel);
      sums[i] += value;
    });
    const V middle = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / static_cast<float>(extent.rows);
    V parts[4] = {};
    over_rows(extent.rows, [&](int64_t row, int i) INVP_NN_INLINE {
      V value;
      load(value, x + row * stride + channel);
      value -= middle;
      parts[i] += value * value;
    });
    store<V>(mean + channel, middle);
    store<V>(squares + channel, (parts[0] + parts[1]) + (parts[2] + parts[3]));
  });
}

INVP_NN_CLONES void block_apply(Extent extent, const float* x, const float* scale,
                                const float* shift, const float* residual, bool relu, float* y) {
  const int64_t stride = extent.channels;
  for (int64_t row = 0; row < extent.rows; ++row) {
    over_channels(stride, [&](int64_t channel, auto zero) INVP_NN_INLINE {
      using V = decltype(zero);
      const int64_t at = row * stride + channel;
      V value, factor, term;
      load(value, x + at);
      load(factor, scale + channel);
      load(term, shift + channel);
      value = value * factor + term;
      if (residual != nullptr) {
        load(term, residual + at);
        value += term;
      }
      // In this order NaN stays NaN.
      if (relu) value = value < 0.0f ? V{} : value;
      store(y + at, value);
    });
  }
}

INVP_NN_CLONES void block_gradient_sums(Extent extent, const float* dy, const float* y,
                                        const float* x, const float* mean, float* gated,
                                        float* sums, float* products) {
  const int64_t stride = extent.channels;
  over_channels(stride, [&](int64_t channel, auto zero) INVP_NN_INLINE {
    using V = decltype(zero);
    V middle;
    load(middle, mean + channel);
    V sum[4] = {};
    V product[4] = {};
    over_rows(extent.rows, [&](int64_t row, int i) INVP_NN_INLINE {
      const int64_t at = row * stride + channel;
      V g, value;
      load(g, dy + at);
      if (y != nullptr) {
        load(value, y + at);
        g = value > 0.0f ? g : V{};
      }
      if (gated != nullptr) store(gated + at, g);
      load(value, x + at);
      sum[i] += g;
      product[i] += g * (value - middle);
    });
    store<V>(sums + channel, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    store<V>(products + channel, (product[0] + product[1]) + (product[2] + product[3]));
  });
}

INVP_NN_CLONES void block_gradient_apply(Extent extent, const float* dy, const float* y,
                                         const float* x, const float* mean, const float* scale,
                                         const float* slope, const float* offset, float* dx) {
  const int64_t stride = extent.channels;
  for (int64_t row = 0; row < extent.rows; ++row) {
    over_channels(stride, [&](int64_t channel, auto zero) INVP_NN_INLINE {
      using V = decltype(zero);
      const int64_t at = row * stride + channel;
      V g, value, middle, factor, weight, term;
      load(g, dy + at);
      if (y != nullptr) {
        load(value, y + at);
        g = value > 0.0f ? g : V{};
      }
      load(value, x + at);
      load(middle, mean + channel);
      load(factor, scale + channel);
      load(weight, slope + channel);
      load(term, offset + channel);
      store<V>(dx + at, g * factor + (value - middle) * weight + term);
    });
  }
}

}  // namespace invp::nn::kernels
