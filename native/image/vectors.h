/*
 * What the vector kernels of this room share, compiled once per instruction set. Include after
 * foreach_target.h, below the definition of HWY_TARGET_INCLUDE.
 *
 * Every kernel gives the same bits on every instruction set: integers, and floats that are only
 * added, multiplied, divided and converted, lane by lane, never fused and never summed in an order
 * that depends on a vector's width.
 */

#if defined(INVP_IMAGE_VECTORS_H) == defined(HWY_TARGET_TOGGLE)
#ifdef INVP_IMAGE_VECTORS_H
#undef INVP_IMAGE_VECTORS_H
#else
#define INVP_IMAGE_VECTORS_H
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace invp::image::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, 8>;
using Ints = hn::Rebind<int32_t, Floats>;
using Bytes = hn::Rebind<uint8_t, Floats>;
using FloatVec = hn::Vec<Floats>;
using IntVec = hn::Vec<Ints>;

/* Pixels that one step takes. */
constexpr size_t kStep = hn::MaxLanes(Floats());

/* `count` bytes, 1..kStep, as int32; the lanes behind them are 0. */
HWY_INLINE IntVec LoadInts(const uint8_t* from, size_t count) {
  if (HWY_LIKELY(count == kStep)) return hn::PromoteTo(Ints(), hn::LoadU(Bytes(), from));
  HWY_ALIGN uint8_t rest[kStep] = {};
  std::memcpy(rest, from, count);
  return hn::PromoteTo(Ints(), hn::Load(Bytes(), rest));
}

HWY_INLINE FloatVec LoadFloats(const uint8_t* from, size_t count) {
  return hn::ConvertTo(Floats(), LoadInts(from, count));
}

/* Values of -32768..32767, cut off to 0..255. */
HWY_INLINE void StoreInts(IntVec values, uint8_t* to, size_t count) {
  const auto bytes = hn::DemoteTo(Bytes(), values);
  if (HWY_LIKELY(count == kStep)) {
    hn::StoreU(bytes, Bytes(), to);
    return;
  }
  HWY_ALIGN uint8_t rest[kStep];
  hn::Store(bytes, Bytes(), rest);
  std::memcpy(to, rest, count);
}

/* The whole part, cut off to 0..255. */
HWY_INLINE void StoreFloats(FloatVec values, uint8_t* to, size_t count) {
  const Floats d;
  const auto bounded = hn::Min(hn::Max(values, hn::Zero(d)), hn::Set(d, 255));
  StoreInts(hn::ConvertTo(Ints(), bounded), to, count);
}

/* Calls step(position, pixels) over `count` pixels, kStep at a time and once for the rest. */
template <typename Step>
HWY_INLINE void ForSteps(int64_t count, Step&& step) {
  int64_t at = 0;
  for (; at + static_cast<int64_t>(kStep) <= count; at += kStep) step(at, kStep);
  if (at < count) step(at, static_cast<size_t>(count - at));
}

}  // namespace invp::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
