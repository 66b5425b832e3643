/*
 * Antialiased bilinear resizing of one box of an image to one window of the
 * resized box, from interleaved pixels to separate planes.
 */
#ifndef INVP_IMAGE_RESAMPLE_H
#define INVP_IMAGE_RESAMPLE_H

#include <cstdint>
#include <vector>

#include "weigh.h"

namespace invp::image {

/* One side of a box: what of an image is resized. */
struct Span {
  int32_t first; /* the pixels that may be read: [first, first + count) */
  int32_t count;
  double begin;  /* where the box begins, counted from `first`; 0 <= begin < 1 */
  double length; /* of the box, in pixels; begin + length <= count */

  /* Whole pixels. */
  static Span of(int32_t first, int32_t count) {
    return {first, count, 0, static_cast<double>(count)};
  }
};

/* One direction: which inputs each output reads, and with what weight. */
struct Axis {
  /* Maps a span to `outputs` and keeps outputs [start, start + count). */
  void prepare(const Span& span, int32_t outputs, int32_t start, int32_t count);

  /* Inputs count from `begin`; the weights of an output sum to about 2^22. */
  Weighing weighing() const { return {count, first_.data(), taps_.data(), pairs_.data(), stride_}; }

  int32_t count = 0;
  int32_t begin = 0; /* the inputs that are read: [begin, end) of the image */
  int32_t end = 0;

 private:
  int32_t stride_ = 0; /* room for pairs of weights per output */
  std::vector<int32_t> first_;
  std::vector<int32_t> taps_;
  std::vector<int32_t> pairs_;
  std::vector<double> scratch_;
};

/* A rectangle of an image. */
struct Region {
  int32_t top;
  int32_t left;
  int32_t height;
  int32_t width;
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
   * Prepares to resize a box to [height, width] and to keep `window` of that. Returns the
   * rectangle of the image that this reads.
   */
  Region plan(const Span& rows, const Span& columns, int32_t height, int32_t width,
              const Region& window);

  /* `source`: the rectangle that plan() asked for; `planes`: [channels, window]. */
  void run(const Source& source, uint8_t* planes);

 private:
  void narrow(const Source& source);
  void shorten(int32_t channels, int32_t rows, uint8_t* planes);

  Axis rows_;
  Axis columns_;
  std::vector<uint8_t> narrowed_; /* [channels, source rows, window width], and a block more */
  std::vector<uint8_t> band_;     /* [source width * channels, lanes], then one plane's columns */
};

}  // namespace invp::image

#endif
