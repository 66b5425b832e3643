/*
 * JPEG and WebP files from outside, through everything that the library does with one: header,
 * whole decoding, an evaluation view and an augmented one, exact and scaled, EXIF ignored and
 * applied. Damage must end in a status, and never touch memory that is not the call's: output
 * buffers are of the exact size, for AddressSanitizer to watch their ends. The first byte chooses
 * the settings.
 */
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "invp/image.h"

namespace {

constexpr int32_t kSide = 24;
/* A header may announce 134 million pixels; decoding such an image is slow, not wrong. */
constexpr int64_t kMostPixels = 1 << 20;

invp_image_workspace* workspace() {
  static invp_image_workspace* made = [] {
    invp_image_workspace* created = nullptr;
    if (invp_image_workspace_create(&created) != INVP_OK) {
      std::abort();
    }
    return created;
  }();
  return made;
}

void decode(const uint8_t* file, int64_t bytes, int32_t height, int32_t width) {
  for (int32_t channels : {1, 3}) {
    std::vector<uint8_t> pixels(static_cast<size_t>(height) * width * channels);
    invp_image_jpeg_decode(workspace(), file, bytes, channels, pixels.data(),
                           static_cast<int64_t>(pixels.size()));
  }
}

void evaluate(const uint8_t* file, int64_t bytes, int32_t encoding, int32_t mode, int32_t exif) {
  const invp_image_evaluation view = {3,         kSide + 8, kSide, kSide, {0.5F, 0.5F, 0.5F},
                                      {1, 1, 1}, mode,      exif};
  std::vector<float> output(3UL * kSide * kSide);
  invp_image_evaluate(workspace(), &view, file, bytes, encoding, 0, 0, 0, output.data());
}

void augment(const uint8_t* file, int64_t bytes, int32_t encoding, int32_t mode, int32_t exif,
             uint64_t seed) {
  invp_image_augmentation view = {};
  view.channels = 3;
  view.height = kSide;
  view.width = kSide;
  view.area_low = 0.2;
  view.area_high = 1;
  view.ratio_low = 0.75;
  view.ratio_high = 4.0 / 3;
  view.brightness = view.contrast = view.saturation = 0.4;
  view.hue = 0.1;
  view.jitter_probability = 0.8;
  view.gray_probability = 0.2;
  view.blur_low = 0.1;
  view.blur_high = 2;
  view.blur_probability = 0.5;
  view.flip_probability = 0.5;
  for (int channel = 0; channel < 3; channel++) {
    view.deviation[channel] = 1;
  }
  view.decode = mode;
  view.exif = exif;
  std::vector<float> output(3UL * kSide * kSide);
  invp_image_augment(workspace(), &view, seed, 1, 2, file, bytes, encoding, 0, 0, 0, output.data());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  const uint8_t choice = data[0];
  const std::vector<uint8_t> file(data + 1, data + size);
  const auto bytes = static_cast<int64_t>(file.size());
  int32_t height = 0;
  int32_t width = 0;
  const int32_t encoding = !file.empty() && file[0] == 'R' ? INVP_IMAGE_WEBP : INVP_IMAGE_JPEG;
  const int32_t mode = choice & 1 ? INVP_IMAGE_SCALED : INVP_IMAGE_EXACT;
  const int32_t exif = choice & 2 ? INVP_IMAGE_EXIF_APPLY : INVP_IMAGE_EXIF_IGNORE;
  if (invp_image_size(workspace(), file.data(), bytes, encoding, INVP_IMAGE_EXIF_IGNORE, &height,
                      &width) != INVP_OK ||
      int64_t{height} * width > kMostPixels) {
    return 0;
  }
  if (encoding == INVP_IMAGE_JPEG) {
    decode(file.data(), bytes, height, width);
  }
  evaluate(file.data(), bytes, encoding, mode, exif);
  augment(file.data(), bytes, encoding, mode, exif, choice >> 2);
  return 0;
}
