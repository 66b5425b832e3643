/*
 * A hue shift as torchvision does it on PIL images: RGB to 8-bit HSV, the hue
 * byte moved by trunc(255 * shift) modulo 256, and back, both conversions (the
 * usual hexcone) as Pillow rounds them: a hue that falls one step off would move
 * a colour by several levels.
 *
 * Pillow widens to double here and there. Single precision gives the same bytes
 * for every colour there is and for every (hue, saturation, value); a test goes
 * through all 2^24.
 */
#include "colour.h"
#include "targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "hue.cpp"
#include <hwy/foreach_target.h>
/* After foreach_target.h. */
#include "vectors.h"

HWY_BEFORE_NAMESPACE();
namespace invp::image::HWY_NAMESPACE {

struct Hsv {
  IntVec hue; /* 0..255, not yet cut to 8 bits */
  FloatVec saturation;
  FloatVec value;
};

HWY_INLINE Hsv ToHsv(FloatVec r, FloatVec g, FloatVec b) {
  const Floats d;
  const auto one = hn::Set(d, 1);
  const auto high = hn::Max(r, hn::Max(g, b));
  const auto low = hn::Min(r, hn::Min(g, b));
  const auto middle = hn::Sub(hn::Sub(hn::Add(r, hn::Add(g, b)), high), low);
  const auto range = hn::Sub(high, low);
  /* For gray pixels 1 avoids 0 / 0; their hue does not matter. */
  const auto divisor = hn::Max(range, one);
  const auto t = hn::Div(hn::Sub(high, middle), divisor);
  /*
   * Of the three distances from the highest colour, in units of the range, one is 0, one is 1
   * and one is t; the sextant is 0, 2 or 4 and the difference of the two others'.
   */
  const auto from_red = hn::IfThenElse(hn::Eq(low, b), hn::Sub(one, t), hn::Sub(t, one));
  const auto from_green =
      hn::IfThenElse(hn::Eq(low, b), hn::Add(one, t), hn::Sub(hn::Set(d, 3), t));
  const auto from_blue =
      hn::IfThenElse(hn::Eq(low, r), hn::Add(hn::Set(d, 3), t), hn::Sub(hn::Set(d, 5), t));
  const auto sextant = hn::IfThenElse(hn::Eq(r, high), from_red,
                                      hn::IfThenElse(hn::Eq(g, high), from_green, from_blue));
  const auto part = hn::Div(sextant, hn::Set(d, 6));
  const auto turn = hn::IfThenElse(hn::Lt(part, hn::Zero(d)), hn::Add(part, one), part);
  const auto full = hn::Set(d, 255);
  const auto share = hn::Mul(hn::Div(range, hn::Max(high, one)), full);
  return {hn::ConvertTo(Ints(), hn::Mul(turn, full)),
          hn::ConvertTo(d, hn::ConvertTo(Ints(), share)), high};
}

/* The nearest whole number, halves up; of none below 0. */
HWY_INLINE FloatVec Rounded(FloatVec x) { return hn::Add(x, hn::Set(Floats(), 0.5f)); }

HWY_INLINE void StoreRgb(IntVec hue, FloatVec saturation, FloatVec v, uint8_t* red, uint8_t* green,
                         uint8_t* blue, size_t n) {
  const Floats d;
  const Ints ints;
  const auto one = hn::Set(d, 1);
  const auto full = hn::Set(d, 255);
  const auto unit = hn::Set(d, 1 / 255.0f);
  const auto sixths = hn::Mul(hn::ConvertTo(d, hue), hn::Set(d, 6));
  /* A little more than the quotient: it may be whole, and is never nearer below than 1 / 42. */
  const auto sector = hn::ConvertTo(ints, hn::Add(hn::Mul(sixths, unit), hn::Set(d, 1e-4f)));
  const auto within = hn::Mul(hn::Sub(sixths, hn::Mul(full, hn::ConvertTo(d, sector))), unit);
  const auto s = hn::Mul(saturation, unit);
  const auto odd = hn::RebindMask(d, hn::Ne(hn::And(sector, hn::Set(ints, 1)), hn::Zero(ints)));
  const auto away = hn::Mul(s, hn::IfThenElse(odd, within, hn::Sub(one, within)));
  const auto p = Rounded(hn::Mul(v, hn::Sub(one, s)));
  const auto x = Rounded(hn::Mul(v, hn::Sub(one, away)));
  const auto is = [=](int32_t number)
                      HWY_ATTR { return hn::RebindMask(d, hn::Eq(sector, hn::Set(ints, number))); };
  const auto in1 = is(1);
  const auto in2 = is(2);
  const auto in3 = is(3);
  const auto in4 = is(4);
  const auto in5 = is(5);
  const auto in0 =
      hn::RebindMask(d, hn::Or(hn::Eq(sector, hn::Zero(ints)), hn::Eq(sector, hn::Set(ints, 6))));
  const auto choose = [=](auto full_value, auto mixed, auto mixed_too) HWY_ATTR {
    return hn::IfThenElse(full_value, v, hn::IfThenElse(hn::Or(mixed, mixed_too), x, p));
  };
  StoreFloats(choose(hn::Or(in0, in5), in1, in4), red, n);
  StoreFloats(choose(hn::Or(in1, in2), in0, in3), green, n);
  StoreFloats(choose(hn::Or(in3, in4), in2, in5), blue, n);
}

void ShiftHue(uint8_t* red, uint8_t* green, uint8_t* blue, int64_t count, int32_t shift) {
  const Ints ints;
  const auto moved = hn::Set(ints, shift);
  const auto byte = hn::Set(ints, 255);
  ForSteps(count, [=](int64_t i, size_t n) HWY_ATTR {
    const Hsv hsv =
        ToHsv(LoadFloats(red + i, n), LoadFloats(green + i, n), LoadFloats(blue + i, n));
    StoreRgb(hn::And(hn::Add(hsv.hue, moved), byte), hsv.saturation, hsv.value, red + i, green + i,
             blue + i, n);
  });
}

}  // namespace invp::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace invp::image {

HWY_EXPORT(ShiftHue);

void adjust_hue(const Planes& p, float factor) {
  if (p.channels == 1) return;
  const auto shift = static_cast<int32_t>(static_cast<double>(factor) * 255.0);
  HWY_DYNAMIC_DISPATCH(ShiftHue)(p.plane(0), p.plane(1), p.plane(2), p.pixels, shift);
}

}  // namespace invp::image
#endif
