/* The colour operations, in place on separate planes: [channels, pixels] uint8. */
#ifndef INVP_IMAGE_COLOUR_H
#define INVP_IMAGE_COLOUR_H

#include <cstdint>

namespace invp::image {

/* Planes of one image; operations on colour leave a single plane alone. */
struct Planes {
  uint8_t* data;
  int32_t channels; /* 1 or 3 */
  int64_t pixels;   /* per plane */

  uint8_t* plane(int c) const { return data + c * pixels; }
};

void adjust_brightness(const Planes& planes, float factor);
void adjust_contrast(const Planes& planes, float factor);
void adjust_saturation(const Planes& planes, float factor);

/* `shift` is a share of the colour circle, -0.5..0.5. */
void adjust_hue(const Planes& planes, float shift);

void drop_colour(const Planes& planes);

/* ITU-R 601 luma as Pillow rounds it. */
inline int32_t luma(int32_t red, int32_t green, int32_t blue) {
  return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
}

}  // namespace invp::image

#endif
