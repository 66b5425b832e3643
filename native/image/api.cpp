/* The C functions: check, call, translate. */
#include <memory>
#include <string>

#include "arrays.h"
#include "draw.h"
#include "guard.h"
#include "invp/image.h"
#include "view.h"

using invp::guard;
using invp::reads;
using invp::require;
using invp::require_arrays;
using invp::writes;
using invp::image::Picture;
using invp::image::Random;

namespace {

const uint8_t* bytes_at(const void* data) { return static_cast<const uint8_t*>(data); }

}  // namespace

INVP_EXPORT int32_t invp_image_abi_version(void) { return INVP_IMAGE_ABI_VERSION; }

INVP_EXPORT int64_t invp_image_build_info(char* buffer, int64_t capacity) {
  try {
    return invp::copy_text(std::string("image; compiler ") + __VERSION__ + "; " +
                               invp_jpeg_version() + "; " + invp::image::webp_version(),
                           buffer, capacity);
  } catch (...) {
    return 0;
  }
}

INVP_EXPORT int64_t invp_image_last_error(char* buffer, int64_t capacity) {
  return invp::copy_text(invp::last_error(), buffer, capacity);
}

INVP_EXPORT int32_t invp_image_workspace_create(invp_image_workspace** workspace) {
  return guard([&] {
    require(workspace != nullptr, "workspace must not be null");
    *workspace = std::make_unique<invp_image_workspace>().release();
  });
}

INVP_EXPORT int32_t invp_image_workspace_destroy(invp_image_workspace* workspace) {
  return guard([&] { std::unique_ptr<invp_image_workspace> owned(workspace); });
}

INVP_EXPORT int32_t invp_image_check(const invp_image_augmentation* augmentation) {
  return guard([&] {
    require(augmentation != nullptr, "augmentation must not be null");
    invp::image::check(*augmentation);
  });
}

INVP_EXPORT int32_t invp_image_draw(const invp_image_augmentation* augmentation, int32_t height,
                                    int32_t width, uint64_t seed, uint64_t epoch, uint64_t image,
                                    invp_image_draws* draws) {
  return guard([&] {
    require_arrays({reads("augmentation", augmentation, 1), writes("draws", draws, 1)});
    require(height >= 1 && width >= 1, "an image has at least one pixel");
    invp::image::check(*augmentation);
    *draws = invp::image::draw(*augmentation, height, width, Random(seed, epoch, image));
  });
}

INVP_EXPORT int32_t invp_image_apply(invp_image_workspace* workspace,
                                     const invp_image_augmentation* augmentation,
                                     const invp_image_draws* draws, const void* data, int64_t bytes,
                                     int32_t encoding, int32_t height, int32_t width,
                                     int32_t channels, float* output) {
  return guard([&] {
    require(workspace != nullptr && augmentation != nullptr, "arguments must not be null");
    invp::image::check(*augmentation);
    require_arrays({reads("augmentation", augmentation, 1), reads("draws", draws, 1),
                    reads("data", bytes_at(data), bytes),
                    writes("output", output, augmentation->channels, augmentation->height,
                           augmentation->width)});
    const Picture picture = workspace->open(data, bytes, encoding, height, width, channels,
                                            augmentation->channels, augmentation->exif);
    invp::image::check(*draws, picture.height, picture.width);
    invp::image::training_view(*workspace, picture, *augmentation, *draws, output);
  });
}

INVP_EXPORT int32_t invp_image_augment(invp_image_workspace* workspace,
                                       const invp_image_augmentation* augmentation, uint64_t seed,
                                       uint64_t epoch, uint64_t image, const void* data,
                                       int64_t bytes, int32_t encoding, int32_t height,
                                       int32_t width, int32_t channels, float* output) {
  return guard([&] {
    require(workspace != nullptr && augmentation != nullptr, "arguments must not be null");
    invp::image::check(*augmentation);
    require_arrays({reads("augmentation", augmentation, 1), reads("data", bytes_at(data), bytes),
                    writes("output", output, augmentation->channels, augmentation->height,
                           augmentation->width)});
    const Picture picture = workspace->open(data, bytes, encoding, height, width, channels,
                                            augmentation->channels, augmentation->exif);
    const invp_image_draws draws =
        invp::image::draw(*augmentation, picture.height, picture.width, Random(seed, epoch, image));
    invp::image::training_view(*workspace, picture, *augmentation, draws, output);
  });
}

INVP_EXPORT int32_t invp_image_evaluate(invp_image_workspace* workspace,
                                        const invp_image_evaluation* evaluation, const void* data,
                                        int64_t bytes, int32_t encoding, int32_t height,
                                        int32_t width, int32_t channels, float* output) {
  return guard([&] {
    require(workspace != nullptr && evaluation != nullptr, "arguments must not be null");
    invp::image::check(*evaluation);
    require_arrays(
        {reads("evaluation", evaluation, 1), reads("data", bytes_at(data), bytes),
         writes("output", output, evaluation->channels, evaluation->height, evaluation->width)});
    const Picture picture = workspace->open(data, bytes, encoding, height, width, channels,
                                            evaluation->channels, evaluation->exif);
    invp::image::evaluation_view(*workspace, picture, *evaluation, output);
  });
}

INVP_EXPORT int32_t invp_image_size(invp_image_workspace* workspace, const void* data,
                                    int64_t bytes, int32_t encoding, int32_t exif, int32_t* height,
                                    int32_t* width) {
  return guard([&] {
    require(workspace != nullptr && height != nullptr && width != nullptr,
            "arguments must not be null");
    require(encoding == INVP_IMAGE_JPEG || encoding == INVP_IMAGE_WEBP,
            "encoding must be 1 (JPEG) or 2 (WebP)");
    const Picture picture = workspace->open(data, bytes, encoding, 0, 0, 0, 3, exif);
    *height = picture.height;
    *width = picture.width;
  });
}

INVP_EXPORT int32_t invp_image_jpeg_header(invp_image_workspace* workspace, const void* data,
                                           int64_t bytes, int32_t* height, int32_t* width,
                                           int32_t* components, int32_t* orientation) {
  return guard([&] {
    require(workspace != nullptr, "workspace must not be null");
    require_arrays({reads("data", bytes_at(data), bytes), writes("height", height, 1),
                    writes("width", width, 1), writes("components", components, 1),
                    writes("orientation", orientation, 1)});
    const invp_jpeg_header header = workspace->jpeg_header(data, bytes);
    *height = header.height;
    *width = header.width;
    *components = header.components;
    *orientation = header.orientation;
  });
}

INVP_EXPORT int32_t invp_image_jpeg_decode(invp_image_workspace* workspace, const void* data,
                                           int64_t bytes, int32_t channels, void* pixels,
                                           int64_t capacity) {
  return guard([&] {
    require(workspace != nullptr, "workspace must not be null");
    require_arrays({reads("data", bytes_at(data), bytes),
                    writes("pixels", static_cast<uint8_t*>(pixels), capacity)});
    require(channels == 1 || channels == 3, "channels must be 1 or 3");
    const invp_jpeg_header header = workspace->jpeg_header(data, bytes);
    require(capacity >= static_cast<int64_t>(header.height) * header.width * channels,
            "capacity must be at least height * width * channels");
    workspace->jpeg_decode(channels, static_cast<uint8_t*>(pixels));
  });
}
