/* The one entry of EXIF data that matters for pixels. */
#ifndef INVP_IMAGE_EXIF_H
#define INVP_IMAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

/*
 * The orientation (1..8) in the data of a JPEG's APP1 marker, which begins "Exif\0\0";
 * 1 where there is none or it makes no sense.
 */
int32_t invp_exif_orientation(const uint8_t* data, size_t bytes);

#endif
