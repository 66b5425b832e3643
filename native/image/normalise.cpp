/* torchvision's ToTensor and Normalize in one pass, with their divisions and rounding. */
#include "normalise.h"

#include "targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "normalise.cpp"
#include <hwy/foreach_target.h>
/* After foreach_target.h. */
#include "vectors.h"

HWY_BEFORE_NAMESPACE();
namespace invp::image::HWY_NAMESPACE {

HWY_INLINE FloatVec Normalised(const uint8_t* in, size_t count, float mean, float deviation) {
  const Floats d;
  const auto share = hn::Div(LoadFloats(in, count), hn::Set(d, 255));
  return hn::Div(hn::Sub(share, hn::Set(d, mean)), hn::Set(d, deviation));
}

HWY_INLINE void Put(FloatVec values, float* out, size_t count) {
  const Floats d;
  if (HWY_LIKELY(count == kStep)) {
    hn::StoreU(values, d, out);
    return;
  }
  HWY_ALIGN float rest[kStep];
  hn::Store(values, d, rest);
  std::memcpy(out, rest, count * sizeof(float));
}

void Straight(const uint8_t* in, int64_t count, float mean, float deviation, float* out) {
  ForSteps(count, [=](int64_t i, size_t n)
                      HWY_ATTR { Put(Normalised(in + i, n, mean, deviation), out + i, n); });
}

void Mirrored(const uint8_t* in, int64_t count, float mean, float deviation, float* out) {
  const Floats d;
  int64_t x = 0;
  for (; x + static_cast<int64_t>(kStep) <= count; x += kStep) {
    const uint8_t* from = in + count - x - static_cast<int64_t>(kStep);
    hn::StoreU(hn::Reverse(d, Normalised(from, kStep, mean, deviation)), d, out + x);
  }
  for (; x < count; x++) Put(Normalised(in + count - 1 - x, 1, mean, deviation), out + x, 1);
}

}  // namespace invp::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace invp::image {

HWY_EXPORT(Straight);
HWY_EXPORT(Mirrored);

void normalise(const uint8_t* in, int32_t height, int32_t width, bool mirror, float mean,
               float deviation, float* out) {
  if (!mirror) {
    HWY_DYNAMIC_DISPATCH(Straight)(in, static_cast<int64_t>(height) * width, mean, deviation, out);
    return;
  }
  for (int32_t y = 0; y < height; y++, in += width, out += width) {
    HWY_DYNAMIC_DISPATCH(Mirrored)(in, width, mean, deviation, out);
  }
}

}  // namespace invp::image
#endif
