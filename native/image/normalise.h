/* The last step: bytes to normalised floats, mirrored when asked. */
#ifndef INVP_IMAGE_NORMALISE_H
#define INVP_IMAGE_NORMALISE_H

#include <cstdint>

namespace invp::image {

/* One plane [height, width]: out = (in / 255 - mean) / deviation. */
void normalise(const uint8_t* in, int32_t height, int32_t width, bool mirror, float mean,
               float deviation, float* out);

}  // namespace invp::image

#endif
