/*
 * A hue shift as torchvision does it on PIL images: RGB to 8-bit HSV, the hue
 * byte moved by trunc(255 * shift) modulo 256, and back. Both conversions (the
 * usual hexcone) round where Pillow rounds, and widen to double where it does:
 * a hue that falls one step off would move a colour by several levels.
 */
#include <algorithm>
#include <cmath>

#include "clones.h"
#include "colour.h"

namespace invp::image {
namespace {

INVP_CLONES
void shift_hue(uint8_t* red, uint8_t* green, uint8_t* blue, int64_t count, int32_t shift) {
  for (int64_t i = 0; i < count; i++) {
    const int32_t r = red[i];
    const int32_t g = green[i];
    const int32_t b = blue[i];
    const int32_t high = std::max(r, std::max(g, b));
    const int32_t low = std::min(r, std::min(g, b));
    /* Gray pixels have saturation 0 and come back as they are; 1 avoids 0 / 0. */
    const float range = static_cast<float>(std::max(high - low, 1));
    const float to_red = static_cast<float>(high - r) / range;
    const float to_green = static_cast<float>(high - g) / range;
    const float to_blue = static_cast<float>(high - b) / range;
    const float from_red = to_blue - to_green;
    const float from_green = static_cast<float>(2.0 + to_red - to_blue);
    const float from_blue = static_cast<float>(4.0 + to_green - to_red);
    const float sextant = r == high ? from_red : g == high ? from_green : from_blue;
    double turn = sextant / 6.0 + 1.0;
    turn -= turn >= 1.0 ? 1.0 : 0.0;
    const int32_t hue = (static_cast<int32_t>(static_cast<float>(turn) * 255.0) + shift) & 255;
    const float share = range / static_cast<float>(std::max(high, 1));
    const int32_t saturation = high == low ? 0 : static_cast<int32_t>(share * 255.0);

    const float position = static_cast<float>(static_cast<float>(hue) * 6.0 / 255.0);
    const int32_t sector = static_cast<int32_t>(position);
    const float within = static_cast<float>(
        static_cast<double>(static_cast<float>(hue)) * 6.0 / 255.0 - static_cast<float>(sector));
    const float s = static_cast<float>(static_cast<float>(saturation) / 255.0);
    const double v = high;
    const int32_t p = static_cast<int32_t>(v * (1.0 - s) + 0.5);
    const int32_t q = static_cast<int32_t>(v * (1.0 - s * within) + 0.5);
    const int32_t t = static_cast<int32_t>(v * (1.0 - s * (1.0 - within)) + 0.5);
    const int32_t k = sector == 6 ? 0 : sector;
    const bool gray = saturation == 0;
    const int32_t new_red = k == 0 || k == 5 ? high : k == 1 ? q : k == 4 ? t : p;
    const int32_t new_green = k == 1 || k == 2 ? high : k == 0 ? t : k == 3 ? q : p;
    const int32_t new_blue = k == 3 || k == 4 ? high : k == 2 ? t : k == 5 ? q : p;
    red[i] = static_cast<uint8_t>(gray ? high : new_red);
    green[i] = static_cast<uint8_t>(gray ? high : new_green);
    blue[i] = static_cast<uint8_t>(gray ? high : new_blue);
  }
}

}  // namespace

void adjust_hue(const Planes& p, float shift) {
  if (p.channels == 1) return;
  shift_hue(p.plane(0), p.plane(1), p.plane(2), p.pixels,
            static_cast<int32_t>(static_cast<double>(shift) * 255.0));
}

}  // namespace invp::image
