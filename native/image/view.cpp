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
Planes planes_for(invp_image_workspace& workspace, const Picture& image, int32_t channels,
                  int32_t height, int32_t width) {
  const int64_t pixels = static_cast<int64_t>(height) * width;
  return {workspace.planes(pixels * std::max(image.channels, channels)), image.channels, pixels};
}

constexpr int32_t kEighths = 8;

/* The smallest DCT scale, in eighths, at which a crop still has the pixels of the result. */
int32_t scale_for(const Region& crop, int32_t height, int32_t width) {
  for (int32_t eighths : {1, 2, 4}) {
    const int64_t crop_height = static_cast<int64_t>(crop.height) * eighths;
    const int64_t crop_width = static_cast<int64_t>(crop.width) * eighths;
    if (crop_height >= int64_t{kEighths} * height && crop_width >= int64_t{kEighths} * width) {
      return eighths;
    }
  }
  return kEighths;
}

/*
 * Where [first, first + count) of an image's side lies when it is decoded at a DCT scale.
 * There are ceil(side * scale) pixels; the last one may stand for less than a pixel, and
 * where the side is `reversed` against the file that one comes first.
 */
Span scaled(int32_t first, int32_t count, int32_t side, int32_t eighths, bool reversed) {
  const double scale = eighths / static_cast<double>(kEighths);
  const int32_t pixels = invp_jpeg_scaled(side, eighths);
  const double shift = reversed ? pixels - side * scale : 0;
  const double begin = shift + first * scale;
  const auto low = static_cast<int32_t>(begin);
  const auto high = std::min(static_cast<int32_t>(std::ceil(begin + count * scale)), pixels);
  return {low, high - low, begin - low, count * scale};
}

/* Resizes `crop` to [height, width] and writes the window of that to the planes. */
void resize(invp_image_workspace& workspace, const Picture& image, int32_t decode,
            const Region& crop, int32_t height, int32_t width, const Region& window,
            uint8_t* planes) {
  Resampler& resampler = workspace.resampler;
  if (decode == INVP_IMAGE_EXACT || !image.scales) {
    const Region needed = resampler.plan(Span::of(crop.top, crop.height),
                                         Span::of(crop.left, crop.width), height, width, window);
    resampler.run(workspace.read(image, needed), planes);
    return;
  }
  const int32_t eighths = scale_for(crop, height, width);
  const Orientation& o = image.orientation;
  const Region needed = resampler.plan(scaled(crop.top, crop.height, image.height, eighths,
                                              o.swapped ? o.columns_reversed : o.rows_reversed),
                                       scaled(crop.left, crop.width, image.width, eighths,
                                              o.swapped ? o.rows_reversed : o.columns_reversed),
                                       height, width, window);
  resampler.run(workspace.read_scaled(image, needed, eighths), planes);
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

void training_view(invp_image_workspace& workspace, const Picture& image,
                   const invp_image_augmentation& a, const invp_image_draws& draws, float* output) {
  Planes planes = planes_for(workspace, image, a.channels, a.height, a.width);
  const Region crop{draws.crop_top, draws.crop_left, draws.crop_height, draws.crop_width};
  resize(workspace, image, a.decode, crop, a.height, a.width, {0, 0, a.height, a.width},
         planes.data);
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

void evaluation_view(invp_image_workspace& workspace, const Picture& image,
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
  resize(workspace, image, e.decode, {0, 0, image.height, image.width}, height, width,
         {top, left, e.height, e.width}, planes.data);
  convert(planes, e.channels);
  finish(planes, e.height, e.width, false, e.mean, e.deviation, output);
}

}  // namespace invp::image
