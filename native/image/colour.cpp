/*
 * torchvision's adjust_* on PIL images, to the bit. Brightness, contrast and
 * saturation blend with black, with the image's mean gray and with its gray
 * image; the blend truncates, as Pillow's does.
 */
#include "colour.h"

#include <algorithm>

#include "clones.h"

namespace invp::image {
namespace {

/* Between `base` (factor 0) and `value` (factor 1), or beyond. */
inline uint8_t blend(int32_t base, int32_t value, float factor) {
  const float mixed = static_cast<float>(base) + factor * static_cast<float>(value - base);
  return static_cast<uint8_t>(static_cast<int32_t>(std::clamp(mixed, 0.0f, 255.0f)));
}

INVP_CLONES
void blend_with_constant(uint8_t* values, int64_t count, int32_t base, float factor) {
  for (int64_t i = 0; i < count; i++) values[i] = blend(base, values[i], factor);
}

INVP_CLONES
void blend_with_gray(uint8_t* red, uint8_t* green, uint8_t* blue, int64_t count, float factor) {
  for (int64_t i = 0; i < count; i++) {
    const int32_t gray = luma(red[i], green[i], blue[i]);
    red[i] = blend(gray, red[i], factor);
    green[i] = blend(gray, green[i], factor);
    blue[i] = blend(gray, blue[i], factor);
  }
}

INVP_CLONES
void to_gray(uint8_t* red, uint8_t* green, uint8_t* blue, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const auto gray = static_cast<uint8_t>(luma(red[i], green[i], blue[i]));
    red[i] = gray;
    green[i] = gray;
    blue[i] = gray;
  }
}

/* Integer sums may be taken in any order. */
INVP_CLONES
int64_t sum_of_gray(const uint8_t* red, const uint8_t* green, const uint8_t* blue, int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; i++) sum += luma(red[i], green[i], blue[i]);
  return sum;
}

INVP_CLONES
int64_t sum_of(const uint8_t* values, int64_t count) {
  int64_t sum = 0;
  for (int64_t i = 0; i < count; i++) sum += values[i];
  return sum;
}

}  // namespace

void adjust_brightness(const Planes& p, float factor) {
  blend_with_constant(p.data, p.pixels * p.channels, 0, factor);
}

void adjust_contrast(const Planes& p, float factor) {
  const int64_t sum = p.channels == 1 ? sum_of(p.data, p.pixels)
                                      : sum_of_gray(p.plane(0), p.plane(1), p.plane(2), p.pixels);
  const double mean = static_cast<double>(sum) / static_cast<double>(p.pixels);
  blend_with_constant(p.data, p.pixels * p.channels, static_cast<int32_t>(mean + 0.5), factor);
}

void adjust_saturation(const Planes& p, float factor) {
  if (p.channels == 1) return;
  blend_with_gray(p.plane(0), p.plane(1), p.plane(2), p.pixels, factor);
}

void drop_colour(const Planes& p) {
  if (p.channels == 1) return;
  to_gray(p.plane(0), p.plane(1), p.plane(2), p.pixels);
}

}  // namespace invp::image
