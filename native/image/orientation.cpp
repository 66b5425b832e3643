#include "orientation.h"

#include <algorithm>

namespace invp::image {

Orientation Orientation::of(int32_t exif) {
  Orientation o;
  o.swapped = exif >= 5;
  o.rows_reversed = exif == 3 || exif == 4 || exif == 6 || exif == 7;
  o.columns_reversed = exif == 2 || exif == 3 || exif == 7 || exif == 8;
  return o;
}

Region Orientation::stored(const Region& upright, int32_t stored_height,
                           int32_t stored_width) const {
  Region r = upright;
  if (swapped) {
    std::swap(r.top, r.left);
    std::swap(r.height, r.width);
  }
  if (rows_reversed) r.top = stored_height - r.top - r.height;
  if (columns_reversed) r.left = stored_width - r.left - r.width;
  return r;
}

Source Orientation::turn(const Source& stored, uint8_t* pixels) const {
  const int32_t height = swapped ? stored.width : stored.height;
  const int32_t width = swapped ? stored.height : stored.width;
  uint8_t* out = pixels;
  for (int32_t y = 0; y < height; y++) {
    for (int32_t x = 0; x < width; x++) {
      int32_t row = swapped ? x : y;
      int32_t column = swapped ? y : x;
      if (rows_reversed) row = stored.height - 1 - row;
      if (columns_reversed) column = stored.width - 1 - column;
      const uint8_t* in = stored.pixels + row * stored.row_stride + column * stored.channels;
      out = std::copy_n(in, stored.channels, out);
    }
  }
  return {pixels, static_cast<int64_t>(width) * stored.channels, stored.channels, height, width};
}

}  // namespace invp::image
