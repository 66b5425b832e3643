/*
 * A JPEG decoder that reports every failure as a value. It is C and not C++:
 * libjpeg leaves by longjmp, which may only pass over frames that own nothing.
 */
#ifndef INVP_IMAGE_JPEG_H
#define INVP_IMAGE_JPEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct invp_jpeg invp_jpeg;

typedef enum { INVP_JPEG_OK = 0, INVP_JPEG_CORRUPT = 1, INVP_JPEG_MEMORY = 2 } invp_jpeg_result;

typedef struct {
  int32_t height;
  int32_t width;
  int32_t components;
  int32_t orientation; /* EXIF's, 1..8; 1 where the file has none */
} invp_jpeg_header;

/* A rectangle of the image at a DCT scale of eighths / 8, which must lie inside it. */
typedef struct {
  int32_t eighths; /* 1, 2, 4 or 8 */
  int32_t top;
  int32_t left;
  int32_t height;
  int32_t width;
} invp_jpeg_region;

/* NULL when there is no memory. */
invp_jpeg* invp_jpeg_create(void);
void invp_jpeg_destroy(invp_jpeg* jpeg);

/* One line about the last failure. */
const char* invp_jpeg_message(const invp_jpeg* jpeg);

/* Starts on a file in memory, which must stay until the decode ends. */
invp_jpeg_result invp_jpeg_open(invp_jpeg* jpeg, const void* data, size_t bytes,
                                invp_jpeg_header* header);

/* Decodes what was opened: height * width * channels bytes, channels 1 or 3. */
invp_jpeg_result invp_jpeg_decode(invp_jpeg* jpeg, int channels, uint8_t* pixels);

/* Pixels that a row of a region needs room for beside its own: blocks of columns come whole. */
enum { INVP_JPEG_BESIDE = 64 };

/*
 * Decodes a rectangle of what was opened, equal to what a decode of the whole at that scale has
 * there. Rows of `pixels` are region width + INVP_JPEG_BESIDE pixels of `channels` bytes apart;
 * the rectangle begins `skipped` pixels into them. Reads on to the last row only where the file
 * does not end in its end marker.
 */
invp_jpeg_result invp_jpeg_decode_region(invp_jpeg* jpeg, const invp_jpeg_region* region,
                                         int channels, uint8_t* pixels, int32_t* skipped);

/* A side of the whole image at a DCT scale of eighths / 8. */
static inline int32_t invp_jpeg_scaled(int32_t side, int32_t eighths) {
  return (int32_t)(((int64_t)side * eighths + 7) / 8);
}

/* The version of libjpeg-turbo this was built with. */
const char* invp_jpeg_version(void);

#ifdef __cplusplus
}
#endif

#endif
