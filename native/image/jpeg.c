/*
 * Every entry sets one return point; any failure inside libjpeg jumps there.
 * The error manager is complete and our own: libjpeg's standard one prints to
 * stderr and ends the process, and leaving it out lets the static library be
 * linked into a shared object.
 */
#include "jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After stdio.h, which it needs. */
#include <jpeglib.h>
/* After jpeglib.h. */
#include <jerror.h>

#include "exif.h"

/*
 * MAX_SCANS is more than any encoder writes: a progressive file built to waste time.
 * MARGIN: columns decoded beside a rectangle, since upsampled colours depend on neighbours.
 */
enum { MAX_SCANS = 500, MESSAGE_CAPACITY = 256, MARGIN = 4, EXIF_MARKER = JPEG_APP0 + 1 };

/* The message table names two texts of libjpeg's private headers; we show neither. */
#define JCOPYRIGHT_SHORT ""
#define JVERSION ""
static const char* const messages[] = {
#define JMESSAGE(code, string) string,
#include <jerror.h>
    NULL};

struct invp_jpeg {
  struct jpeg_decompress_struct decoder;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf failure;
  invp_jpeg_result result;
  int ends_marked; /* the file's last bytes are its end marker */
  char message[MESSAGE_CAPACITY];
};

static invp_jpeg* owner(j_common_ptr info) { return (invp_jpeg*)info->client_data; }

static void format_message(j_common_ptr info, char* buffer) {
  const struct jpeg_error_mgr* e = info->err;
  const char* text = NULL;
  if (e->msg_code > 0 && e->msg_code <= e->last_jpeg_message) {
    text = e->jpeg_message_table[e->msg_code];
  }
  if (text == NULL) {
    snprintf(buffer, JMSG_LENGTH_MAX, "libjpeg message %d", e->msg_code);
  } else if (strstr(text, "%s") != NULL) {
    snprintf(buffer, JMSG_LENGTH_MAX, text, e->msg_parm.s);
  } else {
    const int* p = e->msg_parm.i;
    snprintf(buffer, JMSG_LENGTH_MAX, text, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
  }
}

static void fail(j_common_ptr info) {
  invp_jpeg* jpeg = owner(info);
  char text[JMSG_LENGTH_MAX];
  format_message(info, text);
  snprintf(jpeg->message, sizeof jpeg->message, "%s", text);
  jpeg->result = info->err->msg_code == JERR_OUT_OF_MEMORY ? INVP_JPEG_MEMORY : INVP_JPEG_CORRUPT;
  longjmp(jpeg->failure, 1);
}

/* Warnings that mean lost pixels are failures; those about harmless oddities are not. */
static void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA:
    case JWRN_BOGUS_ICC:
      return;
    default:
      fail(info);
  }
}

static void ignore(j_common_ptr info) { (void)info; }

static void on_progress(j_common_ptr info) {
  if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > MAX_SCANS) {
    invp_jpeg* jpeg = owner(info);
    snprintf(jpeg->message, sizeof jpeg->message, "more than %d scans", (int)MAX_SCANS);
    jpeg->result = INVP_JPEG_CORRUPT;
    longjmp(jpeg->failure, 1);
  }
}

static void reset(j_common_ptr info) {
  info->err->num_warnings = 0;
  info->err->msg_code = 0;
}

static int start(invp_jpeg* jpeg) {
  if (setjmp(jpeg->failure) != 0) return 0;
  jpeg_create_decompress(&jpeg->decoder);
  jpeg_save_markers(&jpeg->decoder, EXIF_MARKER, 0xffff);
  return 1;
}

invp_jpeg* invp_jpeg_create(void) {
  invp_jpeg* jpeg = calloc(1, sizeof *jpeg);
  if (jpeg == NULL) return NULL;
  jpeg->errors.error_exit = fail;
  jpeg->errors.emit_message = on_message;
  jpeg->errors.output_message = ignore;
  jpeg->errors.format_message = format_message;
  jpeg->errors.reset_error_mgr = reset;
  jpeg->errors.jpeg_message_table = messages;
  jpeg->errors.last_jpeg_message = (int)(sizeof messages / sizeof *messages) - 2;
  jpeg->progress.progress_monitor = on_progress;
  jpeg->decoder.err = &jpeg->errors;
  jpeg->decoder.client_data = jpeg;
  if (!start(jpeg)) {
    free(jpeg);
    return NULL;
  }
  jpeg->decoder.progress = &jpeg->progress;
  return jpeg;
}

void invp_jpeg_destroy(invp_jpeg* jpeg) {
  if (jpeg == NULL) return;
  jpeg_destroy_decompress(&jpeg->decoder);
  free(jpeg);
}

const char* invp_jpeg_message(const invp_jpeg* jpeg) { return jpeg->message; }

const char* invp_jpeg_version(void) {
#define TEXT(x) #x
#define VALUE(x) TEXT(x)
#ifdef LIBJPEG_TURBO_VERSION
  return "libjpeg-turbo " VALUE(LIBJPEG_TURBO_VERSION);
#else
  return "libjpeg " VALUE(JPEG_LIB_VERSION);
#endif
#undef VALUE
#undef TEXT
}

/* The orientation in the first APP1 marker that holds EXIF data. */
static int32_t orientation(j_decompress_ptr decoder) {
  for (jpeg_saved_marker_ptr m = decoder->marker_list; m != NULL; m = m->next) {
    if (m->marker == EXIF_MARKER && m->data_length > 4 && memcmp(m->data, "Exif", 4) == 0) {
      return invp_exif_orientation(m->data, m->data_length);
    }
  }
  return 1;
}

invp_jpeg_result invp_jpeg_open(invp_jpeg* jpeg, const void* data, size_t bytes,
                                invp_jpeg_header* header) {
  const uint8_t* file = (const uint8_t*)data;
  jpeg->result = INVP_JPEG_OK;
  jpeg->ends_marked = bytes >= 2 && file[bytes - 2] == 0xff && file[bytes - 1] == JPEG_EOI;
  if (setjmp(jpeg->failure) != 0) {
    jpeg_abort_decompress(&jpeg->decoder);
    return jpeg->result;
  }
  jpeg_abort_decompress(&jpeg->decoder);
  jpeg_mem_src(&jpeg->decoder, file, (unsigned long)bytes);
  jpeg_read_header(&jpeg->decoder, TRUE);
  header->height = (int32_t)jpeg->decoder.image_height;
  header->width = (int32_t)jpeg->decoder.image_width;
  header->components = jpeg->decoder.num_components;
  header->orientation = orientation(&jpeg->decoder);
  return INVP_JPEG_OK;
}

/* One row of CMYK, stored inverted when Adobe's marker says so, to RGB or gray. */
static void from_cmyk(const uint8_t* cmyk, int width, int inverted, int channels, uint8_t* out) {
  for (int x = 0; x < width; x++, cmyk += 4, out += channels) {
    int rgb[3];
    const int ink = inverted ? cmyk[3] : 255 - cmyk[3];
    for (int c = 0; c < 3; c++) {
      const int light = inverted ? cmyk[c] : 255 - cmyk[c];
      rgb[c] = (light * ink + 127) / 255;
    }
    if (channels == 1) {
      out[0] = (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 0x8000) >> 16);
    } else {
      for (int c = 0; c < 3; c++) out[c] = (uint8_t)rgb[c];
    }
  }
}

/* What libjpeg's rows still need before they are the result's. Gray from stored RGB is not among
 * every libjpeg's conversions. */
typedef enum { READY, CMYK, RGB_TO_GRAY } conversion;

static conversion choose_colours(j_decompress_ptr decoder, int channels) {
  if (decoder->jpeg_color_space == JCS_CMYK || decoder->jpeg_color_space == JCS_YCCK) {
    decoder->out_color_space = JCS_CMYK;
    return CMYK;
  }
  if (channels == 1 && decoder->jpeg_color_space == JCS_RGB) {
    decoder->out_color_space = JCS_RGB;
    return RGB_TO_GRAY;
  }
  decoder->out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  return READY;
}

static void convert(j_decompress_ptr decoder, conversion kind, const uint8_t* in, size_t width,
                    int channels, uint8_t* out) {
  if (kind == CMYK) {
    from_cmyk(in, (int)width, decoder->saw_Adobe_marker, channels, out);
  } else {
    for (size_t x = 0; x < width; x++, in += 3) {
      out[x] = (uint8_t)((19595 * in[0] + 38470 * in[1] + 7471 * in[2] + 0x8000) >> 16);
    }
  }
}

static JSAMPARRAY row_buffer(j_decompress_ptr decoder) {
  return decoder->mem->alloc_sarray((j_common_ptr)decoder, JPOOL_IMAGE, decoder->output_width * 4,
                                    1);
}

invp_jpeg_result invp_jpeg_decode(invp_jpeg* jpeg, int channels, uint8_t* pixels) {
  j_decompress_ptr decoder = &jpeg->decoder;
  jpeg->result = INVP_JPEG_OK;
  if (setjmp(jpeg->failure) != 0) {
    jpeg_abort_decompress(decoder);
    return jpeg->result;
  }
  const conversion kind = choose_colours(decoder, channels);
  jpeg_start_decompress(decoder);
  const size_t stride = (size_t)decoder->output_width * (size_t)channels;
  JSAMPARRAY row = kind == READY ? NULL : row_buffer(decoder);
  while (decoder->output_scanline < decoder->output_height) {
    JSAMPROW target = pixels + stride * decoder->output_scanline;
    if (kind == READY) {
      jpeg_read_scanlines(decoder, &target, 1);
      continue;
    }
    jpeg_read_scanlines(decoder, row, 1);
    convert(decoder, kind, row[0], decoder->output_width, channels, target);
  }
  jpeg_finish_decompress(decoder);
  return INVP_JPEG_OK;
}

/* Entropy-decodes what is left, so that its end is found missing if it is. */
static void read_to_the_end(j_decompress_ptr decoder, JSAMPARRAY row) {
  const JDIMENSION left = decoder->output_height - decoder->output_scanline;
  /* libjpeg only looks at the input up to a last row that is asked for. */
  if (left > 1) jpeg_skip_scanlines(decoder, left - 1);
  if (left > 0) jpeg_read_scanlines(decoder, row, 1);
  jpeg_finish_decompress(decoder);
}

invp_jpeg_result invp_jpeg_decode_region(invp_jpeg* jpeg, const invp_jpeg_region* region,
                                         int channels, uint8_t* pixels, int32_t* skipped) {
  j_decompress_ptr decoder = &jpeg->decoder;
  jpeg->result = INVP_JPEG_OK;
  if (setjmp(jpeg->failure) != 0) {
    jpeg_abort_decompress(decoder);
    return jpeg->result;
  }
  const conversion kind = choose_colours(decoder, channels);
  decoder->scale_num = (unsigned int)region->eighths;
  decoder->scale_denom = 8;
  jpeg_start_decompress(decoder);

  const JDIMENSION left = (JDIMENSION)region->left;
  const JDIMENSION end = left + (JDIMENSION)region->width + MARGIN;
  JDIMENSION first = left > MARGIN ? left - MARGIN : 0;
  JDIMENSION columns = (end < decoder->output_width ? end : decoder->output_width) - first;
  if (columns < decoder->output_width) jpeg_crop_scanline(decoder, &first, &columns);

  /* At most MARGIN + 31 columns before the rectangle, one block of samples, and MARGIN behind. */
  *skipped = (int32_t)(left - first);
  const size_t stride = (size_t)(region->width + INVP_JPEG_BESIDE) * (size_t)channels;
  JSAMPARRAY row = row_buffer(decoder);
  if (region->top > 0) jpeg_skip_scanlines(decoder, (JDIMENSION)region->top);
  for (size_t y = 0; y < (size_t)region->height; y++) {
    JSAMPROW target = pixels + stride * y;
    jpeg_read_scanlines(decoder, kind == READY ? &target : row, 1);
    if (kind != READY) convert(decoder, kind, row[0], columns, channels, target);
  }
  if (jpeg->ends_marked) {
    jpeg_abort_decompress(decoder);
  } else {
    read_to_the_end(decoder, row);
  }
  return INVP_JPEG_OK;
}
