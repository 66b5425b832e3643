/*
 * invp's image room: decode one image, draw its augmentation, and write the
 * result straight into its slot of a batch.
 *
 * Images are uint8, row-major, [height, width, channels] with 1 (gray) or 3
 * (RGB) channels; what comes out is float32, [channels, height, width],
 * normalised. The transforms follow torchvision's definitions on PIL images.
 *
 * Every function may be called from any thread; a workspace serves one call at
 * a time, so each worker owns its own. The arithmetic on pixels is the same bits
 * on every thread, and depends on the inputs alone. Once a workspace has seen
 * its largest image, no call allocates (those inside libjpeg and libwebp excepted).
 */
#ifndef INVP_IMAGE_H
#define INVP_IMAGE_H

#include <stdint.h>

#include "invp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define INVP_IMAGE_ABI_VERSION 4

/* How the bytes handed to a call are to be read. */
#define INVP_IMAGE_PIXELS 0 /* uint8 [height, width, channels] */
#define INVP_IMAGE_JPEG 1   /* a whole JPEG file; height, width, channels ignored */
#define INVP_IMAGE_WEBP 2   /* a whole WebP file, read as RGB; likewise */

/*
 * How much of a JPEG file a view decodes, its field `decode`.
 *
 * EXACT: every pixel at full size; damage anywhere is found.
 * SCALED: the parameters are drawn from the header's size, then only the rows and
 * columns that the view reads are decoded, at the smallest of the DCT scales 1/8,
 * 1/4, 1/2 and 1 at which the crop has at least as many pixels as the result, in
 * both directions. At scale 1 the view has the bits of EXACT. A truncated file is
 * always found (one that does not end in its end marker is read to its last row),
 * other damage only in what is decoded: the rows down to the crop's last.
 */
#define INVP_IMAGE_EXACT 0
#define INVP_IMAGE_SCALED 1

/*
 * What becomes of the orientation in a JPEG's EXIF data, a view's field `exif`:
 * nothing, or the image is turned upright before anything else.
 */
#define INVP_IMAGE_EXIF_IGNORE 0
#define INVP_IMAGE_EXIF_APPLY 1

/* The colour operations, as they stand in invp_image_draws.jitter. */
#define INVP_IMAGE_BRIGHTNESS 0
#define INVP_IMAGE_CONTRAST 1
#define INVP_IMAGE_SATURATION 2
#define INVP_IMAGE_HUE 3

/* The most pixels (height x width) an image may have. */
#define INVP_IMAGE_MAX_PIXELS 134217728
/* The largest height or width a transform may produce. */
#define INVP_IMAGE_MAX_OUTPUT 8192

/* Scratch memory of one worker. */
typedef struct invp_image_workspace invp_image_workspace;

/*
 * The ranges a training view is drawn from. Applied in this order: crop and
 * resize, colour jitter, gray, blur, flip, normalise.
 */
typedef struct invp_image_augmentation {
  int32_t channels; /* of the result: 1 or 3 */
  int32_t height;   /* of the result */
  int32_t width;    /* of the result */
  /* Random resized crop: share of the image's area, and width / height of the
   * crop (log-uniform); ten tries, then the largest centred crop in range. */
  double area_low, area_high;
  double ratio_low, ratio_high;
  /* Colour jitter in random order. Strength x of the first three gives factors
   * from [max(0, 1 - x), 1 + x]; hue shifts from [-hue, hue], a share of the
   * colour circle, hue <= 0.5. 0 leaves an operation out. */
  double brightness, contrast, saturation, hue;
  double jitter_probability;
  double gray_probability;
  /* Gaussian blur with a standard deviation, in pixels, from [low, high]. */
  double blur_low, blur_high;
  double blur_probability;
  double flip_probability;
  /* Result = (pixel / 255 - mean) / deviation, per channel. */
  float mean[3];
  float deviation[3];
  int32_t decode; /* INVP_IMAGE_EXACT or INVP_IMAGE_SCALED */
  int32_t exif;   /* INVP_IMAGE_EXIF_IGNORE or INVP_IMAGE_EXIF_APPLY */
} invp_image_augmentation;

/* The parameters of one view, drawn. */
typedef struct invp_image_draws {
  int32_t crop_top, crop_left, crop_height, crop_width; /* in source pixels */
  int32_t jitter_count;                                 /* operations to apply, 0..4 */
  int32_t jitter[4];    /* INVP_IMAGE_BRIGHTNESS..., in order of application */
  float factor[4];      /* indexed by operation; hue: the shift */
  int32_t gray;         /* 1: drop the colour */
  int32_t flip;         /* 1: mirror left and right */
  float blur_deviation; /* 0: no blur */
} invp_image_draws;

/* An evaluation view: shorter side to `resize` (0: as it is), then centre crop. */
typedef struct invp_image_evaluation {
  int32_t channels;
  int32_t resize;
  int32_t height;
  int32_t width;
  float mean[3];
  float deviation[3];
  int32_t decode;
  int32_t exif;
} invp_image_evaluation;

int32_t invp_image_abi_version(void);

/* Compiler, versions of libjpeg and libwebp, as text; returns the full length. */
int64_t invp_image_build_info(char* buffer, int64_t capacity);

/* The calling thread's last message; returns its full length. */
int64_t invp_image_last_error(char* buffer, int64_t capacity);

int32_t invp_image_workspace_create(invp_image_workspace** workspace);

/* Null is allowed. */
int32_t invp_image_workspace_destroy(invp_image_workspace* workspace);

/* Checks the ranges once, so that a worker need not; INVP_INVALID_ARGUMENT says which is wrong. */
int32_t invp_image_check(const invp_image_augmentation* augmentation);

/*
 * Draws the view of one image from (seed, epoch, image) alone. The generator is
 * counter-based. With mix SplitMix64's finaliser, G its increment
 * 0x9e3779b97f4a7c15 and absorb(s, w) = mix((s ^ w) + G), the image's key is
 * k = absorb(absorb(absorb(0, seed), epoch), image) and its number n is
 * mix(k + (n + 1) G). Every parameter has numbers of its own, so that switching
 * one range off does not change the others.
 */
int32_t invp_image_draw(const invp_image_augmentation* augmentation, int32_t height, int32_t width,
                        uint64_t seed, uint64_t epoch, uint64_t image, invp_image_draws* draws);

/* Applies drawn parameters (a crop of the upright image); `output` has channels * height * width
 * floats. */
int32_t invp_image_apply(invp_image_workspace* workspace,
                         const invp_image_augmentation* augmentation, const invp_image_draws* draws,
                         const void* data, int64_t bytes, int32_t encoding, int32_t height,
                         int32_t width, int32_t channels, float* output);

/* Draw, decode and apply: what a training worker calls, once per image. */
int32_t invp_image_augment(invp_image_workspace* workspace,
                           const invp_image_augmentation* augmentation, uint64_t seed,
                           uint64_t epoch, uint64_t image, const void* data, int64_t bytes,
                           int32_t encoding, int32_t height, int32_t width, int32_t channels,
                           float* output);

/* Decode, resize, centre crop, normalise: what an evaluation worker calls, once per image. */
int32_t invp_image_evaluate(invp_image_workspace* workspace,
                            const invp_image_evaluation* evaluation, const void* data,
                            int64_t bytes, int32_t encoding, int32_t height, int32_t width,
                            int32_t channels, float* output);

/*
 * The size of an encoded image (INVP_IMAGE_JPEG or INVP_IMAGE_WEBP) as a view sees it: upright if
 * `exif` is INVP_IMAGE_EXIF_APPLY. Decodes no pixels.
 */
int32_t invp_image_size(invp_image_workspace* workspace, const void* data, int64_t bytes,
                        int32_t encoding, int32_t exif, int32_t* height, int32_t* width);

/*
 * Reads a JPEG's header: its size as stored, its number of colour components (1, 3 or 4), and the
 * orientation in its EXIF data, 1..8, of which 5..8 swap height and width; 1 where there is none.
 */
int32_t invp_image_jpeg_header(invp_image_workspace* workspace, const void* data, int64_t bytes,
                               int32_t* height, int32_t* width, int32_t* components,
                               int32_t* orientation);

/*
 * Decodes a JPEG to `channels` (1 or 3) per pixel. `capacity` is the room at
 * `pixels` in bytes and must hold height * width * channels of the header.
 */
int32_t invp_image_jpeg_decode(invp_image_workspace* workspace, const void* data, int64_t bytes,
                               int32_t channels, void* pixels, int64_t capacity);

#ifdef __cplusplus
}
#endif

#endif
