/*
 * A weight of 22 bits times a byte needs 30 bits; vector units multiply 32 bits slowly, but add
 * two products of 16 bits in one instruction. So weights come in two halves, and two neighbouring
 * inputs are interleaved: the sums of the halves are exact, and so is what they make together.
 */
#include "weigh.h"

#include <algorithm>

#include "targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "weigh.cpp"
#include <hwy/foreach_target.h>
/* After foreach_target.h. */
#include "vectors.h"

HWY_BEFORE_NAMESPACE();
namespace invp::image::HWY_NAMESPACE {

constexpr size_t kBlock = 16;

#if HWY_TARGET == HWY_SCALAR

/* One output: 16 bytes from `taps` times 16 bytes, `step` bytes from tap to tap. */
void Weigh(const uint8_t* in, int64_t step, const int32_t* weights, int32_t taps, uint8_t* out) {
  int32_t sums[kBlock];
  std::fill_n(sums, kBlock, 1 << (kWeightBits - 1));
  for (int32_t t = 0; t < taps; t++, in += step) {
    const int32_t* pair = weights + t / 2 * 2;
    const int32_t shift = t % 2 * 16;
    const int32_t weight = (pair[0] >> shift & 0xffff) << kLowBits | (pair[1] >> shift & 0xffff);
    for (size_t lane = 0; lane < kBlock; lane++) sums[lane] += weight * in[lane];
  }
  for (size_t lane = 0; lane < kBlock; lane++) {
    out[lane] = static_cast<uint8_t>(std::clamp(sums[lane] >> kWeightBits, 0, 255));
  }
}

#else

constexpr size_t kGroups = kBlock / kStep;

using Block = hn::FixedTag<uint8_t, kBlock>;
using Halves = hn::Repartition<int16_t, Ints>;
using HalfVec = hn::Vec<Halves>;

/* Bytes of two inputs, interleaved, as int16: [group][kStep pairs]. */
HWY_INLINE void LoadPairs(const uint8_t* first, const uint8_t* second, HalfVec (&pairs)[kGroups]) {
  const Block block;
  const auto a = hn::LoadU(block, first);
  const auto b = hn::LoadU(block, second);
  const auto low = hn::InterleaveLower(block, a, b);
  const auto high = hn::InterleaveUpper(block, a, b);
#if HWY_MAX_BYTES >= 32
  pairs[0] = hn::PromoteTo(Halves(), low);
  pairs[1] = hn::PromoteTo(Halves(), high);
#else
  const hn::Half<Block> half;
  pairs[0] = hn::PromoteTo(Halves(), hn::LowerHalf(half, low));
  pairs[1] = hn::PromoteTo(Halves(), hn::UpperHalf(half, low));
  pairs[2] = hn::PromoteTo(Halves(), hn::LowerHalf(half, high));
  pairs[3] = hn::PromoteTo(Halves(), hn::UpperHalf(half, high));
#endif
}

/* A sum of pairs, in the two parts that the instruction sets want. */
struct Sum {
  IntVec even;
  IntVec odd;

  HWY_INLINE void Add(HalfVec pairs, int32_t weights) {
    const auto both = hn::BitCast(Halves(), hn::Set(Ints(), weights));
    even = hn::ReorderWidenMulAccumulate(Ints(), pairs, both, even, odd);
  }

  HWY_INLINE IntVec Total() const { return hn::RearrangeToOddPlusEven(even, odd); }
};

/* One output: 16 bytes from `taps` times 16 bytes, `step` bytes from tap to tap. */
HWY_INLINE void Weigh(const uint8_t* in, int64_t step, const int32_t* weights, int32_t taps,
                      uint8_t* out) {
  const auto zero = hn::Zero(Ints());
  Sum upper[kGroups], lower[kGroups];
#pragma GCC unroll 4
  for (size_t g = 0; g < kGroups; g++) upper[g] = lower[g] = {zero, zero};
  for (int32_t t = 0; t < taps; t += 2, in += 2 * step, weights += 2) {
    HalfVec pairs[kGroups];
    LoadPairs(in, t + 1 < taps ? in + step : in, pairs);
#pragma GCC unroll 4
    for (size_t g = 0; g < kGroups; g++) {
      upper[g].Add(pairs[g], weights[0]);
      lower[g].Add(pairs[g], weights[1]);
    }
  }
  const auto half = hn::Set(Ints(), 1 << (kWeightBits - 1));
#pragma GCC unroll 4
  for (size_t g = 0; g < kGroups; g++) {
    const auto sum =
        hn::Add(hn::Add(hn::ShiftLeft<kLowBits>(upper[g].Total()), lower[g].Total()), half);
    StoreInts(hn::ShiftRight<kWeightBits>(sum), out + g * kStep, kStep);
  }
}

#endif

void WeighColumns(const uint8_t* band, int64_t step, const Weighing& w, uint8_t* out) {
  for (int32_t x = 0; x < w.count; x++) {
    Weigh(band + w.first[x] * step, step, w.pairs + int64_t{2} * x * w.pair_stride, w.taps[x],
          out + static_cast<size_t>(x) * kBlock);
  }
}

void WeighRows(const uint8_t* rows, int32_t width, const Weighing& w, uint8_t* out) {
  for (int32_t y = 0; y < w.count; y++, out += width) {
    const uint8_t* in = rows + static_cast<int64_t>(w.first[y]) * width;
    const int32_t* pairs = w.pairs + int64_t{2} * y * w.pair_stride;
    int32_t x = 0;
    for (; x + static_cast<int32_t>(kBlock) <= width; x += kBlock) {
      Weigh(in + x, width, pairs, w.taps[y], out + x);
    }
    if (x < width) {
      uint8_t rest[kBlock];
      Weigh(in + x, width, pairs, w.taps[y], rest);
      std::copy_n(rest, width - x, out + x);
    }
  }
}

}  // namespace invp::image::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace invp::image {

HWY_EXPORT(WeighColumns);
HWY_EXPORT(WeighRows);

void weigh_columns(const uint8_t* band, int64_t step, const Weighing& weighing, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(WeighColumns)(band, step, weighing, out);
}

void weigh_rows(const uint8_t* rows, int32_t width, const Weighing& weighing, uint8_t* out) {
  HWY_DYNAMIC_DISPATCH(WeighRows)(rows, width, weighing, out);
}

}  // namespace invp::image
#endif
