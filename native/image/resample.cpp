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

#include "clones.h"
#include "lanes.h"

namespace invp::image {
namespace {

constexpr int kFraction = 22;
constexpr int32_t kHalf = 1 << (kFraction - 1);

/* A sum of weights * uint8, back to uint8. */
inline uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFraction, 0, 255));
}

/* The sum over taps of 16 neighbouring bytes each, `stride` bytes from tap to tap. */
inline __attribute__((always_inline)) void weigh(const uint8_t* in, int64_t stride,
                                                 const int32_t* weights, int32_t taps,
                                                 uint8_t* out) {
  int32_t sums[kLanes];
  for (int lane = 0; lane < kLanes; lane++) sums[lane] = kHalf;
  for (int32_t t = 0; t < taps; t++, in += stride) {
    const int32_t weight = weights[t];
    for (int lane = 0; lane < kLanes; lane++) sums[lane] += weight * in[lane];
  }
  for (int lane = 0; lane < kLanes; lane++) out[lane] = to_byte(sums[lane]);
}

/* One plane's output columns of 16 rows. */
INVP_CLONES
void narrow_band(const uint8_t* band, const int32_t* first, const int32_t* taps,
                 const int32_t* weights, int32_t weight_stride, int32_t count, int32_t channels,
                 uint8_t* out) {
  for (int32_t x = 0; x < count; x++) {
    weigh(band + static_cast<int64_t>(first[x]) * channels * kLanes,
          static_cast<int64_t>(channels) * kLanes,
          weights + static_cast<int64_t>(x) * weight_stride, taps[x], out + x * kLanes);
  }
}

/* One output row from `taps` rows of `width` bytes. */
INVP_CLONES
void weigh_rows(const uint8_t* rows, int32_t width, const int32_t* weights, int32_t taps,
                uint8_t* out) {
  int32_t x = 0;
  for (; x + kLanes <= width; x += kLanes) weigh(rows + x, width, weights, taps, out + x);
  for (; x < width; x++) {
    int32_t sum = kHalf;
    for (int32_t t = 0; t < taps; t++) sum += weights[t] * rows[t * width + x];
    out[x] = to_byte(sum);
  }
}

template <typename T>
void grow(std::vector<T>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) buffer.resize(static_cast<size_t>(size));
}

int64_t whole_blocks(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

}  // namespace

void Axis::prepare(const Span& span, int32_t outputs, int32_t start, int32_t size) {
  const double scale = span.length / static_cast<double>(outputs);
  const double support = std::max(scale, 1.0);
  const double inverse = 1.0 / support;
  count = size;
  stride = 2 * static_cast<int32_t>(std::ceil(support)) + 1;
  grow(first, count);
  grow(taps, count);
  grow(weights, static_cast<int64_t>(count) * stride);
  grow(scratch_, stride);
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
    first[static_cast<size_t>(i)] = low - origin;
    taps[static_cast<size_t>(i)] = high - low;
    int32_t* weight = weights.data() + static_cast<int64_t>(i) * stride;
    const double unit = 1.0 / total;
    for (int32_t t = 0; t < high - low; t++) {
      weight[t] =
          static_cast<int32_t>(0.5 + scratch_[static_cast<size_t>(t)] * unit * (1 << kFraction));
    }
  }
  const auto last = static_cast<size_t>(count) - 1;
  begin = span.first + origin;
  end = begin + first[last] + taps[last];
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
  grow(narrowed_, plane * channels);
  grow(band_, (whole_blocks(row_bytes) + whole_blocks(width)) * kLanes);
  uint8_t* out = band_.data() + whole_blocks(row_bytes) * kLanes;
  for (int32_t y = 0; y < source.height; y += kLanes) {
    const int lanes = std::min(kLanes, source.height - y);
    to_columns(source.pixels + y * source.row_stride, source.row_stride, lanes, row_bytes,
               band_.data());
    for (int32_t c = 0; c < channels; c++) {
      narrow_band(band_.data() + c * kLanes, columns_.first.data(), columns_.taps.data(),
                  columns_.weights.data(), columns_.stride, width, channels, out);
      to_rows(out, width, lanes, width,
              narrowed_.data() + c * plane + static_cast<int64_t>(y) * width);
    }
  }
}

void Resampler::shorten(int32_t channels, int32_t rows, uint8_t* planes) {
  const int32_t width = columns_.count;
  const int64_t plane = static_cast<int64_t>(rows) * width;
  for (int32_t c = 0; c < channels; c++) {
    for (int32_t y = 0; y < rows_.count; y++, planes += width) {
      const auto i = static_cast<size_t>(y);
      weigh_rows(narrowed_.data() + c * plane + static_cast<int64_t>(rows_.first[i]) * width, width,
                 rows_.weights.data() + static_cast<int64_t>(y) * rows_.stride, rows_.taps[i],
                 planes);
    }
  }
}

}  // namespace invp::image
