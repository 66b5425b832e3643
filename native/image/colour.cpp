/*
 * torchvision's adjust_* on PIL images, to the bit. Brightness, contrast and
 * saturation blend with black, with the image's mean gray and with its gray
 * image; the blend truncates, as Pillow's does.
 */
#include "colour.h"

#include "targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "colour.cpp"
#include <hwy/foreach_target.h>
/* After foreach_target.h. */
#include "vectors.h"

HWY_BEFORE_NAMESPACE();
namespace invp::image::HWY_NAMESPACE {

/* Between `base` (factor 0) and `value` (factor 1), or beyond. Whole numbers of a byte: exact. */
HWY_INLINE FloatVec Blend(FloatVec base, FloatVec value, FloatVec factor) {
  return hn::Add(base, hn::Mul(factor, hn::Sub(value, base)));
}

/* luma() of whole numbers; every step is below 2^24 and so exact. */
HWY_INLINE IntVec Luma(FloatVec red, FloatVec green, FloatVec blue) {
  const Floats d;
  const auto sum =
      hn::Add(hn::Add(hn::Mul(red, hn::Set(d, 19595)), hn::Mul(green, hn::Set(d, 38470))),
              hn::Add(hn::Mul(blue, hn::Set(d, 7471)), hn::Set(d, 0x8000)));
  return hn::ShiftRight<16>(hn::ConvertTo(Ints(), sum));
}

void BlendWithConstant(uint8_t* values, int64_t count, int32_t base, float factor) {
  const Floats d;
  const auto constant = hn::Set(d, static_cast<float>(base));
  const auto share = hn::Set(d, factor);
  ForSteps(count, [=](int64_t i, size_t n) HWY_ATTR {
    StoreFloats(Blend(constant, LoadFloats(values + i, n), share), values + i, n);
  });
}

void BlendWithGray(uint8_t* red, uint8_t* green, uint8_t* blue, int64_t count, float factor) {
  const Floats d;
  const auto share = hn::Set(d, factor);
  ForSteps(count, [=](int64_t i, size_t n) HWY_ATTR {
    const auto r = LoadFloats(red + i, n);
    const auto g = LoadFloats(green + i, n);
    const auto b = LoadFloats(blue + i, n);
    const auto gray = hn::ConvertTo(d, Luma(r, g, b));
    StoreFloats(Blend(gray, r, share), red + i, n);
    StoreFloats(Blend(gray, g, share), green + i, n);
    StoreFloats(Blend(gray, b, share), blue + i, n);
  });
}

void ToGray(uint8_t* red, uint8_t* green, uint8_t* blue, int64_t count) {
  ForSteps(count, [=](int64_t i, size_t n) HWY_ATTR {
    StoreInts(Luma(LoadFloats(red + i, n), LoadFloats(green + i, n), LoadFloats(blue + i, n)),
              red + i, n);
    std::memcpy(green + i, red + i, n);
    std::memcpy(blue + i, red + i, n);
  });
}

/* Sums of bytes that int32 lanes hold. */
constexpr int64_t kSummed = int64_t{1} << 22;

template <typename Value>
HWY_INLINE int64_t Sum(int64_t count, const Value& value) {
  const Ints d;
  int64_t total = 0;
  for (int64_t from = 0; from < count; from += kSummed) {
    auto sums = hn::Zero(d);
    const int64_t size = count - from < kSummed ? count - from : kSummed;
    ForSteps(size, [&](int64_t i, size_t n) HWY_ATTR { sums = hn::Add(sums, value(from + i, n)); });
    total += hn::GetLane(hn::SumOfLanes(d, sums));
  }
  return total;
}

int64_t SumOf(const uint8_t* values, int64_t count) {
  return Sum(count, [=](int64_t i, size_t n) HWY_ATTR { return LoadInts(values + i, n); });
}

/* Lanes behind the last pixel are black, and black has no luma. */
int64_t SumOfGray(const uint8_t* red, const uint8_t* green, const uint8_t* blue, int64_t count) {
  return Sum(count, [=](int64_t i, size_t n) HWY_ATTR {
    return Luma(LoadFloats(red + i, n), LoadFloats(green + i, n), LoadFloats(blue + i, n));
  });
}

}  // namespace invp::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace invp::image {

HWY_EXPORT(BlendWithConstant);
HWY_EXPORT(BlendWithGray);
HWY_EXPORT(ToGray);
HWY_EXPORT(SumOf);
HWY_EXPORT(SumOfGray);

void adjust_brightness(const Planes& p, float factor) {
  HWY_DYNAMIC_DISPATCH(BlendWithConstant)(p.data, p.pixels * p.channels, 0, factor);
}

void adjust_contrast(const Planes& p, float factor) {
  const int64_t sum = p.channels == 1 ? HWY_DYNAMIC_DISPATCH(SumOf)(p.data, p.pixels)
                                      : HWY_DYNAMIC_DISPATCH(SumOfGray)(p.plane(0), p.plane(1),
                                                                        p.plane(2), p.pixels);
  const double mean = static_cast<double>(sum) / static_cast<double>(p.pixels);
  HWY_DYNAMIC_DISPATCH(BlendWithConstant)
  (p.data, p.pixels * p.channels, static_cast<int32_t>(mean + 0.5), factor);
}

void adjust_saturation(const Planes& p, float factor) {
  if (p.channels == 1) return;
  HWY_DYNAMIC_DISPATCH(BlendWithGray)(p.plane(0), p.plane(1), p.plane(2), p.pixels, factor);
}

void drop_colour(const Planes& p) {
  if (p.channels == 1) return;
  HWY_DYNAMIC_DISPATCH(ToGray)(p.plane(0), p.plane(1), p.plane(2), p.pixels);
}

}  // namespace invp::image
#endif
