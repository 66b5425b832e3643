/*
 * EXIF (CIPA DC-008) is a TIFF header, in either byte order, and directories of
 * entries of 12 bytes: tag, type, count, value. The orientation is tag 0x0112 of
 * the first directory, one number of type SHORT. Whatever a file claims, nothing
 * outside its data is read.
 */
#include "exif.h"

#include <string.h>

enum { TIFF = 6, ENTRY = 12, ORIENTATION = 0x0112, SHORT = 3 };

static uint32_t number(const uint8_t* at, int bytes, int big_endian) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint32_t)at[big_endian ? bytes - 1 - i : i] << (8 * i);
  return value;
}

int32_t invp_exif_orientation(const uint8_t* data, size_t bytes) {
  if (bytes < TIFF + 8 || memcmp(data, "Exif\0", TIFF) != 0) return 1;
  const uint8_t* tiff = data + TIFF;
  const size_t size = bytes - TIFF;
  const int big_endian = tiff[0] == 'M';
  if (memcmp(tiff, big_endian ? "MM\0*" : "II*", 4) != 0) return 1;
  const size_t directory = number(tiff + 4, 4, big_endian);
  if (directory > size - 2) return 1;
  const size_t entries = number(tiff + directory, 2, big_endian);
  for (size_t i = 0; i < entries; i++) {
    const size_t at = directory + 2 + i * ENTRY;
    if (at + ENTRY > size) return 1;
    const uint8_t* entry = tiff + at;
    if (number(entry, 2, big_endian) != ORIENTATION) continue;
    const uint32_t value = number(entry + 8, 2, big_endian);
    const int valid = number(entry + 2, 2, big_endian) == SHORT && value >= 1 && value <= 8;
    return valid ? (int32_t)value : 1;
  }
  return 1;
}
