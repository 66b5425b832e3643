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

namespace invp::image {
namespace {

constexpr int kFraction = 22;
constexpr int kLanes = 16;
constexpr int32_t kHalf = 1 << (kFraction - 1);

/* A sum of weights * uint8, back to uint8. */
inline uint8_t to_byte(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kFraction, 0, 255));
}

/* band[x][lane] = row(lane)[x]: 16 rows turned on their side. */
void turn(const uint8_t* pixels, int64_t row_stride, int rows, int64_t bytes, uint8_t* band) {
  for (int lane = 0; lane < kLanes; lane++) {
    /* Missing rows repeat the last one; their results are dropped. */
    const uint8_t* row = pixels + std::min(lane, rows - 1) * row_stride;
    for (int64_t x = 0; x < bytes; x++) band[x * kLanes + lane] = row[x];
  }
}

/* One output column of 16 rows: sum over taps. */
INVP_CLONES
void narrow_band(const uint8_t* band, const int32_t* first, const int32_t* taps,
                 const int32_t* weights, int32_t weight_stride, int32_t count, int32_t channels,
                 int32_t channel, uint8_t* out) {
  for (int32_t x = 0; x < count; x++) {
    int32_t sums[kLanes];
    for (int lane = 0; lane < kLanes; lane++) sums[lane] = kHalf;
    const uint8_t* in = band + (static_cast<int64_t>(first[x]) * channels + channel) * kLanes;
    const int32_t* w = weights + static_cast<int64_t>(x) * weight_stride;
    for (int32_t t = 0; t < taps[x]; t++, in += channels * kLanes) {
      for (int lane = 0; lane < kLanes; lane++) sums[lane] += w[t] * in[lane];
    }
    for (int lane = 0; lane < kLanes; lane++) out[x * kLanes + lane] = to_byte(sums[lane]);
  }
}

INVP_CLONES
void add_row(int32_t* sums, const uint8_t* row, int32_t weight, int32_t count) {
  for (int32_t x = 0; x < count; x++) sums[x] += weight * row[x];
}

INVP_CLONES
void finish_row(const int32_t* sums, uint8_t* out, int32_t count) {
  for (int32_t x = 0; x < count; x++) out[x] = to_byte(sums[x]);
}

template <typename T>
void grow(std::vector<T>& buffer, int64_t size) {
  if (buffer.size() < static_cast<size_t>(size)) buffer.resize(static_cast<size_t>(size));
}

}  // namespace

void Axis::prepare(int32_t inputs, int32_t outputs, int32_t start, int32_t size) {
  const double scale = static_cast<double>(inputs) / static_cast<double>(outputs);
  const double support = std::max(scale, 1.0);
  const double inverse = 1.0 / support;
  count = size;
  stride = 2 * static_cast<int32_t>(std::ceil(support)) + 1;
  grow(first, count);
  grow(taps, count);
  grow(weights, static_cast<int64_t>(count) * stride);
  grow(scratch_, stride);
  for (int32_t i = 0; i < count; i++) {
    const double centre = (start + i + 0.5) * scale;
    const auto low = std::max(static_cast<int32_t>(centre - support + 0.5), 0);
    const auto high = std::min(static_cast<int32_t>(centre + support + 0.5), inputs);
    double total = 0;
    for (int32_t t = 0; t < high - low; t++) {
      const double distance = std::abs((low + t - centre + 0.5) * inverse);
      scratch_[static_cast<size_t>(t)] = distance < 1 ? 1 - distance : 0;
      total += scratch_[static_cast<size_t>(t)];
    }
    first[static_cast<size_t>(i)] = low;
    taps[static_cast<size_t>(i)] = high - low;
    int32_t* weight = weights.data() + static_cast<int64_t>(i) * stride;
    const double unit = 1.0 / total;
    for (int32_t t = 0; t < high - low; t++) {
      weight[t] =
          static_cast<int32_t>(0.5 + scratch_[static_cast<size_t>(t)] * unit * (1 << kFraction));
    }
  }
}

void Resampler::run(const Source& source, int32_t height, int32_t width, int32_t top, int32_t left,
                    int32_t window_height, int32_t window_width, uint8_t* planes) {
  rows_.prepare(source.height, height, top, window_height);
  columns_.prepare(source.width, width, left, window_width);

  /* Only the source rows that the window reads. */
  const auto last = static_cast<size_t>(window_height) - 1;
  const int32_t row_begin = rows_.first[0];
  const int32_t row_end = rows_.first[last] + rows_.taps[last];
  const int32_t rows = row_end - row_begin;
  const int32_t channels = source.channels;
  const int64_t plane = static_cast<int64_t>(rows) * window_width;
  const int64_t row_bytes = static_cast<int64_t>(source.width) * channels;
  grow(narrowed_, plane * channels);
  grow(band_, (row_bytes + window_width) * kLanes);
  grow(sums_, window_width);

  uint8_t* turned = band_.data() + row_bytes * kLanes;
  for (int32_t y = 0; y < rows; y += kLanes) {
    const int lanes = std::min(kLanes, rows - y);
    turn(source.pixels + (row_begin + y) * source.row_stride, source.row_stride, lanes, row_bytes,
         band_.data());
    for (int32_t c = 0; c < channels; c++) {
      narrow_band(band_.data(), columns_.first.data(), columns_.taps.data(),
                  columns_.weights.data(), columns_.stride, window_width, channels, c, turned);
      uint8_t* out = narrowed_.data() + c * plane + static_cast<int64_t>(y) * window_width;
      for (int lane = 0; lane < lanes; lane++, out += window_width) {
        for (int32_t x = 0; x < window_width; x++) out[x] = turned[x * kLanes + lane];
      }
    }
  }

  for (int32_t c = 0; c < channels; c++) {
    for (int32_t y = 0; y < window_height; y++, planes += window_width) {
      const auto i = static_cast<size_t>(y);
      std::fill_n(sums_.begin(), window_width, kHalf);
      const uint8_t* row = narrowed_.data() + c * plane +
                           static_cast<int64_t>(rows_.first[i] - row_begin) * window_width;
      const int32_t* weights = rows_.weights.data() + static_cast<int64_t>(y) * rows_.stride;
      for (int32_t t = 0; t < rows_.taps[i]; t++, row += window_width) {
        add_row(sums_.data(), row, weights[t], window_width);
      }
      finish_row(sums_.data(), planes, window_width);
    }
  }
}

}  // namespace invp::image
