/*
 * The result is Pillow's Image.resize(BILINEAR) to the bit: a triangle filter,
 * widened by the scale when shrinking, with weights rounded to 22 fractional
 * bits; columns first, rounded to uint8, then rows.
 *
 * The pass over columns reads pixels that lie apart, so 16 rows are turned on
 * their side first: then every step is the same for 16 neighbouring bytes.
 */
#include "resample.h"

#include <algorithm>
#include <cmath>

#include "lanes.h"

namespace invp::image {
namespace {

template <typename T>
void grow(std::vector<T>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) buffer.resize(static_cast<size_t>(size));
}

/* Writes the weight of tap t into its pair; taps come in ascending order. */
void put_weight(int32_t* pairs, int32_t t, int32_t weight) {
  const int32_t upper = weight >> kLowBits;
  const int32_t lower = weight & ((1 << kLowBits) - 1);
  int32_t* pair = pairs + t / 2 * 2;
  if (t % 2 == 0) {
    pair[0] = upper;
    pair[1] = lower;
  } else {
    pair[0] |= upper << 16;
    pair[1] |= lower << 16;
  }
}

int64_t whole_blocks(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

}  // namespace

void Axis::prepare(const Span& span, int32_t outputs, int32_t start, int32_t size) {
  const double scale = span.length / static_cast<double>(outputs);
  const double support = std::max(scale, 1.0);
  const double inverse = 1.0 / support;
  count = size;
  stride_ = static_cast<int32_t>(std::ceil(support)) + 1;
  grow(first_, count);
  grow(taps_, count);
  grow(pairs_, int64_t{2} * count * stride_);
  grow(scratch_, int64_t{2} * stride_);
  int32_t origin = 0;
  for (int32_t i = 0; i < count; i++) {
    const double centre = span.begin + (start + i + 0.5) * scale;
    const auto low = std::max(static_cast<int32_t>(centre - support + 0.5), 0);
    const auto high = std::min(static_cast<int32_t>(centre + support + 0.5), span.count);
    double total = 0;
    for (int32_t t = 0; t < high - low; t++) {
      const double distance = std::abs((low + t - centre + 0.5) * inverse);
      scratch_[static_cast<size_t>(t)] = distance < 1 ? 1 - distance : 0;
      total += scratch_[static_cast<size_t>(t)];
    }
    if (i == 0) origin = low;
    first_[static_cast<size_t>(i)] = low - origin;
    taps_[static_cast<size_t>(i)] = high - low;
    int32_t* pairs = pairs_.data() + int64_t{2} * i * stride_;
    const double unit = 1.0 / total;
    for (int32_t t = 0; t < high - low; t++) {
      const auto weight =
          static_cast<int32_t>(0.5 + scratch_[static_cast<size_t>(t)] * unit * (1 << kWeightBits));
      put_weight(pairs, t, weight);
    }
  }
  const auto last = static_cast<size_t>(count) - 1;
  begin = span.first + origin;
  end = begin + first_[last] + taps_[last];
}

Region Resampler::plan(const Span& rows, const Span& columns, int32_t height, int32_t width,
                       const Region& window) {
  rows_.prepare(rows, height, window.top, window.height);
  columns_.prepare(columns, width, window.left, window.width);
  return {rows_.begin, columns_.begin, rows_.end - rows_.begin, columns_.end - columns_.begin};
}

void Resampler::run(const Source& source, uint8_t* planes) {
  narrow(source);
  shorten(source.channels, source.height, planes);
}

void Resampler::narrow(const Source& source) {
  const int32_t width = columns_.count;
  const int32_t channels = source.channels;
  const int64_t plane = static_cast<int64_t>(source.height) * width;
  const int64_t row_bytes = static_cast<int64_t>(source.width) * channels;
  grow(narrowed_, plane * channels + kLanes);
  grow(band_, (whole_blocks(row_bytes) + whole_blocks(width)) * kLanes);
  uint8_t* out = band_.data() + whole_blocks(row_bytes) * kLanes;
  for (int32_t y = 0; y < source.height; y += kLanes) {
    const int lanes = std::min(kLanes, source.height - y);
    to_columns(source.pixels + y * source.row_stride, source.row_stride, lanes, row_bytes,
               band_.data());
    for (int32_t c = 0; c < channels; c++) {
      weigh_columns(band_.data() + c * kLanes, int64_t{channels} * kLanes, columns_.weighing(),
                    out);
      to_rows(out, width, lanes, width,
              narrowed_.data() + c * plane + static_cast<int64_t>(y) * width);
    }
  }
}

void Resampler::shorten(int32_t channels, int32_t rows, uint8_t* planes) {
  const int32_t width = columns_.count;
  const int64_t plane = static_cast<int64_t>(rows) * width;
  for (int32_t c = 0; c < channels; c++) {
    weigh_rows(narrowed_.data() + c * plane, width, rows_.weighing(),
               planes + static_cast<int64_t>(c) * rows_.count * width);
  }
}

}  // namespace invp::image
