/*
 * A true Gaussian as in torchvision's gaussian_blur: sampled at whole pixels,
 * normalised, mirrored borders (the border pixel not repeated), rounded to
 * nearest, ties to even. The kernel ends at ceil(3 deviations): what it leaves out weighs
 * less than 0.3 %. The published program calls Pillow's GaussianBlur instead,
 * which imitates a Gaussian of the same deviation by three box filters; the two
 * differ by a few levels at sharp edges.
 */
#include "blur.h"

#include <algorithm>
#include <cmath>

#include "clones.h"

namespace invp::image {
namespace {

/* Position -n..2 size mirrored into 0..size-1. */
int32_t mirrored(int32_t position, int32_t size) {
  if (size == 1) return 0;
  const int32_t period = 2 * (size - 1);
  const int32_t folded = ((position % period) + period) % period;
  return folded < size ? folded : period - folded;
}

INVP_CLONES
void add_scaled(float* sums, const float* row, float weight, int32_t count) {
  for (int32_t x = 0; x < count; x++) sums[x] += weight * row[x];
}

INVP_CLONES
void store_rounded(const float* sums, uint8_t* out, int32_t count) {
  for (int32_t x = 0; x < count; x++) {
    /* Adding 2^23 rounds to the nearest whole number, ties to even. */
    const float whole = (std::clamp(sums[x], 0.0f, 255.0f) + 8388608.0f) - 8388608.0f;
    out[x] = static_cast<uint8_t>(static_cast<int32_t>(whole));
  }
}

void grow(std::vector<float>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) buffer.resize(static_cast<size_t>(size));
}

}  // namespace

void Blur::run(uint8_t* planes, int32_t channels, int32_t height, int32_t width, float deviation) {
  const auto radius = static_cast<int32_t>(std::ceil(3.0 * static_cast<double>(deviation)));
  const int32_t taps = 2 * radius + 1;
  grow(kernel_, taps);
  grow(rows_, static_cast<int64_t>(height) * width);
  grow(padded_, static_cast<int64_t>(width) + 2 * radius);
  grow(sums_, width);

  double total = 0;
  for (int32_t t = 0; t < taps; t++) {
    const double distance = (t - radius) / static_cast<double>(deviation);
    total += std::exp(-0.5 * distance * distance);
  }
  for (int32_t t = 0; t < taps; t++) {
    const double distance = (t - radius) / static_cast<double>(deviation);
    kernel_[static_cast<size_t>(t)] =
        static_cast<float>(std::exp(-0.5 * distance * distance) / total);
  }

  for (int32_t c = 0; c < channels; c++) {
    uint8_t* plane = planes + static_cast<int64_t>(c) * height * width;
    for (int32_t y = 0; y < height; y++) {
      const uint8_t* in = plane + static_cast<int64_t>(y) * width;
      for (int32_t x = 0; x < radius; x++) {
        padded_[static_cast<size_t>(x)] = in[mirrored(x - radius, width)];
        padded_[static_cast<size_t>(radius + width + x)] = in[mirrored(width + x, width)];
      }
      for (int32_t x = 0; x < width; x++) padded_[static_cast<size_t>(radius + x)] = in[x];
      float* out = rows_.data() + static_cast<int64_t>(y) * width;
      std::fill_n(out, width, 0.0f);
      for (int32_t t = 0; t < taps; t++) {
        add_scaled(out, padded_.data() + t, kernel_[static_cast<size_t>(t)], width);
      }
    }
    for (int32_t y = 0; y < height; y++) {
      std::fill_n(sums_.begin(), width, 0.0f);
      for (int32_t t = 0; t < taps; t++) {
        const int32_t from = mirrored(y + t - radius, height);
        add_scaled(sums_.data(), rows_.data() + static_cast<int64_t>(from) * width,
                   kernel_[static_cast<size_t>(t)], width);
      }
      store_rounded(sums_.data(), plane + static_cast<int64_t>(y) * width, width);
    }
  }
}

}  // namespace invp::image
