/* How an image lies in its file: EXIF's eight orientations. */
#ifndef INVP_IMAGE_ORIENTATION_H
#define INVP_IMAGE_ORIENTATION_H

#include <cstdint>

#include "resample.h"

namespace invp::image {

/*
 * The upright pixel (y, x) is the stored one at (y, x), or at (x, y) where the sides are
 * swapped; then stored rows and columns may each count from the other end.
 */
struct Orientation {
  bool swapped = false;
  bool rows_reversed = false;
  bool columns_reversed = false;

  /* Of EXIF's number, 1..8. */
  static Orientation of(int32_t exif);

  bool upright() const { return !swapped && !rows_reversed && !columns_reversed; }

  /* Where a rectangle of the upright image lies in the stored one, of that size. */
  Region stored(const Region& upright, int32_t stored_height, int32_t stored_width) const;

  /* Turns a stored rectangle upright; `pixels` has room for as many, without gaps. */
  Source turn(const Source& stored, uint8_t* pixels) const;
};

}  // namespace invp::image

#endif
