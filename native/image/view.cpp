#include "view.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "colour.h"
#include "guard.h"
#include "normalise.h"

namespace invp::image {
namespace {

/* Planes with room for the channels of both the image and the result. */
Planes planes_for(invp_image_workspace& workspace, const Source& image, int32_t channels,
                  int32_t height, int32_t width) {
  const int64_t pixels = static_cast<int64_t>(height) * width;
  return {workspace.planes(pixels * std::max(image.channels, channels)), image.channels, pixels};
}

void jitter(const Planes& planes, const invp_image_draws& draws) {
  for (int i = 0; i < draws.jitter_count; i++) {
    const int32_t operation = draws.jitter[i];
    const float factor = draws.factor[operation];
    switch (operation) {
      case INVP_IMAGE_BRIGHTNESS:
        adjust_brightness(planes, factor);
        break;
      case INVP_IMAGE_CONTRAST:
        adjust_contrast(planes, factor);
        break;
      case INVP_IMAGE_SATURATION:
        adjust_saturation(planes, factor);
        break;
      default:
        adjust_hue(planes, factor);
    }
  }
}

/* To the wanted channels: gray repeats, colour becomes luma. */
void convert(Planes& planes, int32_t channels) {
  if (planes.channels == 3 && channels == 1) drop_colour(planes);
  if (planes.channels == 1 && channels == 3) {
    std::copy_n(planes.data, planes.pixels, planes.data + planes.pixels);
    std::copy_n(planes.data, planes.pixels, planes.data + 2 * planes.pixels);
  }
  planes.channels = channels;
}

void finish(const Planes& planes, int32_t height, int32_t width, bool mirror, const float* mean,
            const float* deviation, float* output) {
  for (int c = 0; c < planes.channels; c++) {
    normalise(planes.plane(c), height, width, mirror, mean[c], deviation[c],
              output + c * planes.pixels);
  }
}

}  // namespace

void training_view(invp_image_workspace& workspace, const Source& image,
                   const invp_image_augmentation& a, const invp_image_draws& draws, float* output) {
  Planes planes = planes_for(workspace, image, a.channels, a.height, a.width);
  const Source crop{image.pixels + draws.crop_top * image.row_stride +
                        static_cast<int64_t>(draws.crop_left) * image.channels,
                    image.row_stride, image.channels, draws.crop_height, draws.crop_width};
  workspace.resampler.run(crop, a.height, a.width, 0, 0, a.height, a.width, planes.data);
  /* A result of one channel is gray from the start. */
  if (a.channels == 1) convert(planes, 1);
  jitter(planes, draws);
  if (draws.gray != 0) drop_colour(planes);
  if (draws.blur_deviation > 0) {
    workspace.blur.run(planes.data, planes.channels, a.height, a.width, draws.blur_deviation);
  }
  convert(planes, a.channels);
  finish(planes, a.height, a.width, draws.flip != 0, a.mean, a.deviation, output);
}

void evaluation_view(invp_image_workspace& workspace, const Source& image,
                     const invp_image_evaluation& e, float* output) {
  int32_t height = image.height;
  int32_t width = image.width;
  const int32_t shorter = std::min(height, width);
  if (e.resize > 0 && e.resize != shorter) {
    /* The longer side is cut to a whole number, as torchvision's Resize does. */
    const auto longer = static_cast<int32_t>(std::min<int64_t>(
        static_cast<int64_t>(e.resize) * std::max(height, width) / shorter, INT32_MAX));
    height = image.height <= image.width ? e.resize : longer;
    width = image.height <= image.width ? longer : e.resize;
  }
  if (e.height > height || e.width > width) {
    throw InvalidData("an image of " + std::to_string(width) + " x " + std::to_string(height) +
                      " pixels cannot give a centre crop of " + std::to_string(e.width) + " x " +
                      std::to_string(e.height) + "; resize it to at least that");
  }
  const auto top = static_cast<int32_t>(std::nearbyint((height - e.height) / 2.0));
  const auto left = static_cast<int32_t>(std::nearbyint((width - e.width) / 2.0));
  Planes planes = planes_for(workspace, image, e.channels, e.height, e.width);
  workspace.resampler.run(image, height, width, top, left, e.height, e.width, planes.data);
  convert(planes, e.channels);
  finish(planes, e.height, e.width, false, e.mean, e.deviation, output);
}

}  // namespace invp::image
