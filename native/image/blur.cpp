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

#include "convolve.h"

namespace invp::image {
namespace {

/* Position -n..2 size mirrored into 0..size-1. */
int32_t mirrored(int32_t position, int32_t size) {
  if (size == 1) return 0;
  const int32_t period = 2 * (size - 1);
  const int32_t folded = ((position % period) + period) % period;
  return folded < size ? folded : period - folded;
}

template <typename T>
void grow(std::vector<T>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) buffer.resize(static_cast<size_t>(size));
}

}  // namespace

void Blur::run(uint8_t* planes, int32_t channels, int32_t height, int32_t width, float deviation) {
  const auto radius = static_cast<int32_t>(std::ceil(3.0 * static_cast<double>(deviation)));
  const int32_t taps = 2 * radius + 1;
  const int32_t stride = (width + kConvolved - 1) / kConvolved * kConvolved;
  grow(kernel_, taps);
  grow(rows_, static_cast<int64_t>(height) * stride);
  grow(padded_, int64_t{stride} + 2 * radius);
  grow(taps_, taps);

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
      widen(in, width, padded_.data() + radius);
      convolve_along(padded_.data(), kernel_.data(), taps, width,
                     rows_.data() + static_cast<int64_t>(y) * stride);
    }
    for (int32_t y = 0; y < height; y++) {
      for (int32_t t = 0; t < taps; t++) {
        const int32_t from = mirrored(y + t - radius, height);
        taps_[static_cast<size_t>(t)] = rows_.data() + static_cast<int64_t>(from) * stride;
      }
      convolve_across(taps_.data(), kernel_.data(), taps, width,
                      plane + static_cast<int64_t>(y) * width);
    }
  }
}

}  // namespace invp::image
