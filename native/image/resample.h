/*
 * Antialiased bilinear resizing of one rectangle of an image to one window of
 * the resized whole, from interleaved pixels to separate planes.
 */
#ifndef INVP_IMAGE_RESAMPLE_H
#define INVP_IMAGE_RESAMPLE_H

#include <cstdint>
#include <vector>

namespace invp::image {

/* One direction: which inputs each output reads, and with what weight. */
struct Axis {
  /* Maps `inputs` to `outputs` and keeps outputs [start, start + count). */
  void prepare(int32_t inputs, int32_t outputs, int32_t start, int32_t count);

  int32_t count = 0;
  int32_t stride = 0;           /* room for weights per output */
  std::vector<int32_t> first;   /* [count] */
  std::vector<int32_t> taps;    /* [count] */
  std::vector<int32_t> weights; /* [count, stride], sum about 2^22 */

 private:
  std::vector<double> scratch_;
};

/* Pixels to read: a rectangle inside a larger image. */
struct Source {
  const uint8_t* pixels; /* of the rectangle's first pixel */
  int64_t row_stride;    /* in bytes */
  int32_t channels;      /* interleaved */
  int32_t height;
  int32_t width;
};

class Resampler {
 public:
  /*
   * `planes`: [source.channels, window_height, window_width]. The window starts at
   * (top, left) of the rectangle resized to [height, width].
   */
  void run(const Source& source, int32_t height, int32_t width, int32_t top, int32_t left,
           int32_t window_height, int32_t window_width, uint8_t* planes);

 private:
  Axis rows_;
  Axis columns_;
  std::vector<uint8_t> narrowed_; /* [channels, source rows needed, window width] */
  std::vector<uint8_t> band_;     /* [source width * channels, lanes] */
  std::vector<int32_t> sums_;     /* [window width] */
};

}  // namespace invp::image

#endif
