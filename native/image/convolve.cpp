/*
 * A step's sums stay in registers over all taps. They run in the order of the taps, product by
 * product rounded.
 */
#include "convolve.h"

#include <algorithm>

#include "targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convolve.cpp"
#include <hwy/foreach_target.h>
/* After foreach_target.h. */
#include "vectors.h"

HWY_BEFORE_NAMESPACE();
namespace invp::image::HWY_NAMESPACE {

constexpr size_t kSums = 4;

/* kSums vectors of sums; tap t reads from row(t). */
template <typename Row>
HWY_INLINE void Convolve(const Row& row, const float* kernel, int32_t taps,
                         FloatVec (&sums)[kSums]) {
  const Floats d;
#pragma GCC unroll 4
  for (size_t s = 0; s < kSums; s++) sums[s] = hn::Zero(d);
  for (int32_t t = 0; t < taps; t++) {
    const float* in = row(t);
    const auto weight = hn::Set(d, kernel[t]);
#pragma GCC unroll 4
    for (size_t s = 0; s < kSums; s++) {
      sums[s] = hn::Add(sums[s], hn::Mul(weight, hn::LoadU(d, in + s * kStep)));
    }
  }
}

void Widen(const uint8_t* in, int32_t count, float* out) {
  const Floats d;
  int32_t x = 0;
  for (; x + static_cast<int32_t>(kStep) <= count; x += kStep) {
    hn::StoreU(LoadFloats(in + x, kStep), d, out + x);
  }
  for (; x < count; x++) out[x] = in[x];
}

void ConvolveAlong(const float* in, const float* kernel, int32_t taps, int32_t width, float* out) {
  const Floats d;
  for (int32_t x = 0; x < width; x += kSums * kStep) {
    FloatVec sums[kSums];
    Convolve([=](int32_t t) HWY_ATTR { return in + x + t; }, kernel, taps, sums);
    for (size_t s = 0; s < kSums; s++) hn::StoreU(sums[s], d, out + x + s * kStep);
  }
}

void ConvolveAcross(const float* const* rows, const float* kernel, int32_t taps, int32_t width,
                    uint8_t* out) {
  for (int32_t x = 0; x < width; x += kSums * kStep) {
    FloatVec sums[kSums];
    Convolve([=](int32_t t) HWY_ATTR { return rows[t] + x; }, kernel, taps, sums);
    for (size_t s = 0; s < kSums; s++) {
      const int32_t at = x + static_cast<int32_t>(s * kStep);
      if (at >= width) break;
      StoreInts(hn::NearestInt(sums[s]), out + at,
                std::min(kStep, static_cast<size_t>(width - at)));
    }
  }
}

}  // namespace invp::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace invp::image {

HWY_EXPORT(Widen);
HWY_EXPORT(ConvolveAlong);
HWY_EXPORT(ConvolveAcross);

void widen(const uint8_t* in, int32_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(Widen)(in, count, out);
}

void convolve_along(const float* in, const float* kernel, int32_t taps, int32_t width, float* out) {
  HWY_DYNAMIC_DISPATCH(ConvolveAlong)(in, kernel, taps, width, out);
}

void convolve_across(const float* const* rows, const float* kernel, int32_t taps, int32_t width,
                     uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(ConvolveAcross)(rows, kernel, taps, width, out);
}

}  // namespace invp::image
#endif
