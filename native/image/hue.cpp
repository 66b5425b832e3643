/*
 * A hue shift as torchvision does it on PIL images: RGB to 8-bit HSV, the hue
 * byte moved by trunc(255 * shift) modulo 256, and back. Both conversions (the
 * usual hexcone) round where Pillow rounds, and widen to double where it does:
 * a hue that falls one step off would move a colour by several levels.
 *
 * Written in blocks, without branches and with masks for choices, so that the
 * compiler turns it into vector code.
 */
#include <algorithm>

#include "clones.h"
#include "colour.h"

namespace invp::image {
namespace {

constexpr int kBlock = 256;

struct Hsv {
  int32_t hue[kBlock];
  int32_t saturation[kBlock];
  int32_t value[kBlock];
};

/* All bits when the condition holds, else none. */
inline int32_t mask(bool condition) { return -static_cast<int32_t>(condition); }

INVP_CLONES
void to_hsv(const uint8_t* red, const uint8_t* green, const uint8_t* blue, int count, int32_t shift,
            Hsv& out) {
  for (int i = 0; i < count; i++) {
    const int32_t r = red[i];
    const int32_t g = green[i];
    const int32_t b = blue[i];
    const int32_t high = std::max(r, std::max(g, b));
    const int32_t low = std::min(r, std::min(g, b));
    /* For gray pixels 1 avoids 0 / 0; their hue does not matter. */
    const float range = static_cast<float>(std::max(high - low, 1));
    const float to_red = static_cast<float>(high - r) / range;
    const float to_green = static_cast<float>(high - g) / range;
    const float to_blue = static_cast<float>(high - b) / range;
    const float from_red = to_blue - to_green;
    const float from_green = static_cast<float>(2.0 + to_red - to_blue);
    const float from_blue = static_cast<float>(4.0 + to_green - to_red);
    float sextant = from_blue;
    sextant = g == high ? from_green : sextant;
    sextant = r == high ? from_red : sextant;
    double turn = sextant / 6.0 + 1.0;
    turn = turn >= 1.0 ? turn - 1.0 : turn;
    out.hue[i] = (static_cast<int32_t>(static_cast<float>(turn) * 255.0) + shift) & 255;
    const float share = range / static_cast<float>(std::max(high, 1));
    out.saturation[i] = static_cast<int32_t>(share * 255.0) & mask(high != low);
    out.value[i] = high;
  }
}

INVP_CLONES
void from_hsv(const Hsv& in, uint8_t* red, uint8_t* green, uint8_t* blue, int count) {
  for (int i = 0; i < count; i++) {
    const double position = static_cast<float>(in.hue[i]) * 6.0 / 255.0;
    const auto sector = static_cast<int32_t>(position);
    const auto within = static_cast<float>(position - static_cast<double>(sector));
    const auto s = static_cast<float>(static_cast<float>(in.saturation[i]) / 255.0);
    const int32_t v = in.value[i];
    const auto p = static_cast<int32_t>(v * (1.0 - s) + 0.5);
    const auto q = static_cast<int32_t>(v * (1.0 - s * within) + 0.5);
    const auto t = static_cast<int32_t>(v * (1.0 - s * (1.0 - within)) + 0.5);
    const int32_t in0 = mask((sector == 0) | (sector == 6));
    const int32_t in1 = mask(sector == 1);
    const int32_t in2 = mask(sector == 2);
    const int32_t in3 = mask(sector == 3);
    const int32_t in4 = mask(sector == 4);
    const int32_t in5 = mask(sector == 5);
    red[i] = static_cast<uint8_t>(((in0 | in5) & v) | (in1 & q) | (in4 & t) | ((in2 | in3) & p));
    green[i] = static_cast<uint8_t>(((in1 | in2) & v) | (in0 & t) | (in3 & q) | ((in4 | in5) & p));
    blue[i] = static_cast<uint8_t>(((in3 | in4) & v) | (in2 & t) | (in5 & q) | ((in0 | in1) & p));
  }
}

}  // namespace

void adjust_hue(const Planes& p, float factor) {
  if (p.channels == 1) return;
  const auto shift = static_cast<int32_t>(static_cast<double>(factor) * 255.0);
  Hsv block;
  for (int64_t at = 0; at < p.pixels; at += kBlock) {
    const auto count = static_cast<int>(std::min<int64_t>(kBlock, p.pixels - at));
    to_hsv(p.plane(0) + at, p.plane(1) + at, p.plane(2) + at, count, shift, block);
    from_hsv(block, p.plane(0) + at, p.plane(1) + at, p.plane(2) + at, count);
  }
}

}  // namespace invp::image
