/*
 * The distributions are torchvision's: RandomResizedCrop, ColorJitter and
 * GaussianBlur (get_params), RandomGrayscale, RandomHorizontalFlip. The random
 * numbers are our own, so a view depends on (seed, epoch, image) only.
 */
#include "draw.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "guard.h"

namespace invp::image {
namespace {

/* Which of an image's random numbers each parameter uses; crops take four per try. */
enum Number : uint64_t {
  kFlip = 0,
  kJitter = 1,
  kGray = 2,
  kBlur = 3,
  kBlurDeviation = 4,
  kFactors = 8,
  kOrder = 16,
  kCrop = 32
};
constexpr int kCropTries = 10;

bool within(double value, double low, double high) { return value >= low && value <= high; }

/* Python's round: ties to even. */
int32_t rounded(double value) { return static_cast<int32_t>(std::nearbyint(value)); }

void place(invp_image_draws& draws, int32_t top, int32_t left, int32_t height, int32_t width) {
  draws.crop_top = top;
  draws.crop_left = left;
  draws.crop_height = height;
  draws.crop_width = width;
}

void draw_crop(const invp_image_augmentation& ranges, int32_t height, int32_t width,
               const Random& random, invp_image_draws& draws) {
  const double area = static_cast<double>(height) * static_cast<double>(width);
  const double log_low = std::log(ranges.ratio_low);
  const double log_high = std::log(ranges.ratio_high);
  for (int attempt = 0; attempt < kCropTries; attempt++) {
    const uint64_t n = kCrop + 4 * static_cast<uint64_t>(attempt);
    const double target = area * random.uniform(n, ranges.area_low, ranges.area_high);
    const double ratio = std::exp(random.uniform(n + 1, log_low, log_high));
    const double w = std::nearbyint(std::sqrt(target * ratio));
    const double h = std::nearbyint(std::sqrt(target / ratio));
    if (w < 1 || w > width || h < 1 || h > height) continue;
    const auto crop_height = static_cast<int32_t>(h);
    const auto crop_width = static_cast<int32_t>(w);
    place(draws, random.below(n + 2, height - crop_height + 1),
          random.below(n + 3, width - crop_width + 1), crop_height, crop_width);
    return;
  }
  int32_t h = height;
  int32_t w = width;
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  if (ratio < ranges.ratio_low) {
    h = std::clamp(rounded(width / ranges.ratio_low), 1, height);
  } else if (ratio > ranges.ratio_high) {
    w = std::clamp(rounded(height * ranges.ratio_high), 1, width);
  }
  place(draws, (height - h) / 2, (width - w) / 2, h, w);
}

void draw_jitter(const invp_image_augmentation& ranges, const Random& random,
                 invp_image_draws& draws) {
  const double strengths[4] = {ranges.brightness, ranges.contrast, ranges.saturation, ranges.hue};
  int32_t order[4] = {0, 1, 2, 3};
  for (int32_t i = 3; i > 0; i--) {
    std::swap(order[i], order[random.below(kOrder + static_cast<uint64_t>(i), i + 1)]);
  }
  for (int32_t operation : order) {
    const double strength = strengths[operation];
    if (strength <= 0) continue;
    const bool hue = operation == INVP_IMAGE_HUE;
    const double low = hue ? -strength : std::max(0.0, 1 - strength);
    const double high = hue ? strength : 1 + strength;
    const auto n = kFactors + static_cast<uint64_t>(operation);
    draws.factor[operation] = static_cast<float>(random.uniform(n, low, high));
    draws.jitter[draws.jitter_count++] = operation;
  }
}

void check_decoding(int32_t decode, int32_t exif) {
  require(decode == INVP_IMAGE_EXACT || decode == INVP_IMAGE_SCALED,
          "decode must be 0 (exact) or 1 (scaled)");
  require(exif == INVP_IMAGE_EXIF_IGNORE || exif == INVP_IMAGE_EXIF_APPLY,
          "exif must be 0 (ignore) or 1 (apply)");
}

void check_output(int32_t channels, int32_t height, int32_t width, const float* mean,
                  const float* deviation) {
  require(channels == 1 || channels == 3, "channels must be 1 or 3");
  require(height >= 1 && height <= INVP_IMAGE_MAX_OUTPUT && width >= 1 &&
              width <= INVP_IMAGE_MAX_OUTPUT,
          "height and width must be 1..8192");
  for (int c = 0; c < channels; c++) {
    require(std::isfinite(mean[c]), "mean must be finite");
    require(std::isfinite(deviation[c]) && deviation[c] > 0,
            "deviation must be finite and above 0");
  }
}

}  // namespace

void check(const invp_image_augmentation& r) {
  check_output(r.channels, r.height, r.width, r.mean, r.deviation);
  check_decoding(r.decode, r.exif);
  require(r.area_low > 0 && within(r.area_high, r.area_low, 1),
          "crop area must satisfy 0 < low <= high <= 1");
  require(r.ratio_low > 0 && within(r.ratio_high, r.ratio_low, 1000),
          "crop ratio must satisfy 0 < low <= high <= 1000");
  require(within(r.brightness, 0, 100), "brightness must be 0..100");
  require(within(r.contrast, 0, 100), "contrast must be 0..100");
  require(within(r.saturation, 0, 100), "saturation must be 0..100");
  require(within(r.hue, 0, 0.5), "hue must be 0..0.5");
  require(within(r.jitter_probability, 0, 1), "jitter probability must be 0..1");
  require(within(r.gray_probability, 0, 1), "gray probability must be 0..1");
  require(within(r.blur_probability, 0, 1), "blur probability must be 0..1");
  require(within(r.flip_probability, 0, 1), "flip probability must be 0..1");
  require(r.blur_probability <= 0 || (r.blur_low > 0 && within(r.blur_high, r.blur_low, 100)),
          "blur deviation must satisfy 0 < low <= high <= 100");
}

void check(const invp_image_evaluation& view) {
  check_output(view.channels, view.height, view.width, view.mean, view.deviation);
  check_decoding(view.decode, view.exif);
  require(view.resize >= 0 && view.resize <= INVP_IMAGE_MAX_OUTPUT, "resize must be 0..8192");
}

void check(const invp_image_draws& d, int32_t height, int32_t width) {
  require(d.crop_top >= 0 && d.crop_left >= 0 && d.crop_height >= 1 && d.crop_width >= 1 &&
              d.crop_height <= height - d.crop_top && d.crop_width <= width - d.crop_left,
          "the crop must lie inside the image");
  require(d.jitter_count >= 0 && d.jitter_count <= 4, "jitter_count must be 0..4");
  for (int i = 0; i < d.jitter_count; i++) {
    require(d.jitter[i] >= INVP_IMAGE_BRIGHTNESS && d.jitter[i] <= INVP_IMAGE_HUE,
            "a jitter operation must be 0..3");
    const float factor = d.factor[d.jitter[i]];
    require(d.jitter[i] == INVP_IMAGE_HUE ? within(factor, -0.5, 0.5) : within(factor, 0, 1000),
            "a jitter factor must be 0..1000, a hue shift -0.5..0.5");
  }
  require(within(d.blur_deviation, 0, 100), "blur deviation must be 0..100");
}

invp_image_draws draw(const invp_image_augmentation& ranges, int32_t height, int32_t width,
                      const Random& random) {
  invp_image_draws draws{};
  draw_crop(ranges, height, width, random, draws);
  if (random.unit(kJitter) < ranges.jitter_probability) draw_jitter(ranges, random, draws);
  draws.gray = random.unit(kGray) < ranges.gray_probability ? 1 : 0;
  if (random.unit(kBlur) < ranges.blur_probability) {
    draws.blur_deviation =
        static_cast<float>(random.uniform(kBlurDeviation, ranges.blur_low, ranges.blur_high));
  }
  draws.flip = random.unit(kFlip) < ranges.flip_probability ? 1 : 0;
  return draws;
}

}  // namespace invp::image
