#include "cpu/kernels.h"

#include <algorithm>
#include <cmath>

// Instruction sets between the x86-64 baseline and AVX2 lack the fused multiply-add that a score is
// defined by, and vectors of unknown length cannot be kept in an array of registers.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_SSE4 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "cpu/kernels.cpp"
#include <hwy/foreach_target.h>
// Must come after foreach_target.h.
#include <hwy/cache_control.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace invp::bank::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Lane = hn::ScalableTag<float>;
using Vec = hn::Vec<Lane>;

// Accumulators of one tile: kTileRows bank rows by two vectors of queries. Sized so that they, the
// two query vectors and a broadcast row value fill the register file.
#if HWY_TARGET <= HWY_AVX3
constexpr int kTileRows = 12;
#elif HWY_TARGET == HWY_NEON
constexpr int kTileRows = 12;
#else
constexpr int kTileRows = 6;
#endif

HWY_INLINE int32_t PanelWidth() { return static_cast<int32_t>(2 * hn::Lanes(Lane())); }

// a * b + c, rounded once on every target.
HWY_INLINE Vec Fma(Vec a, Vec b, Vec c) {
#if HWY_NATIVE_FMA
  return hn::MulAdd(a, b, c);
#else
  const Lane d;
  HWY_ALIGN float x[HWY_LANES(float)], y[HWY_LANES(float)], z[HWY_LANES(float)];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  hn::Store(c, d, z);
  for (size_t i = 0; i < hn::Lanes(d); ++i) z[i] = std::fmaf(x[i], y[i], z[i]);
  return hn::Load(d, z);
#endif
}

// How far ahead of the tile being scored the bank's rows are asked for, in tiles.
constexpr int kTilesAhead = 4;

// Scores kRows rows against one panel and hands the 2 * kRows accumulators to `use`. With kPrefetch
// the memory from `ahead` on, as much as the tile's rows take, is asked for meanwhile, a little
// with every multiply-add: all at once would fill the core's queue of outstanding misses and stall
// it.
template <int kRows, bool kPrefetch, typename Use>
HWY_INLINE void ScoreTile(const float* HWY_RESTRICT rows, size_t stride, int32_t dimension,
                          const float* HWY_RESTRICT panel, const float* ahead, Use&& use) {
  const Lane d;
  const size_t lanes = hn::Lanes(d);
  Vec low[kRows], high[kRows];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) low[r] = high[r] = hn::Zero(d);
  for (int32_t k = 0; k < dimension; ++k) {
    const Vec queries_low = hn::Load(d, panel);
    const Vec queries_high = hn::Load(d, panel + lanes);
    panel += 2 * lanes;
    if constexpr (kPrefetch) {
      hwy::Prefetch(ahead);
      ahead += kRows;
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const Vec value = hn::Set(d, rows[static_cast<size_t>(r) * stride + static_cast<size_t>(k)]);
      low[r] = Fma(value, queries_low, low[r]);
      high[r] = Fma(value, queries_high, high[r]);
    }
  }
  use(low, high);
}

// The slow path of a tile: at least one of its scores passed.
HWY_NOINLINE void Collect(const ScanBlock& block, const float* scores, const uint32_t* passed,
                          int rows, int32_t first_row, int32_t first_query) {
  const int32_t width = PanelWidth();
  for (int r = 0; r < rows; ++r) {
    for (uint32_t bits = passed[r]; bits != 0; bits &= bits - 1) {
      const int32_t lane = std::countr_zero(bits);
      const int32_t query = first_query + lane;
      const float score = scores[r * width + lane];
      Candidates& list = block.candidates[query];
      if (list.size == list.capacity) {
        block.overflow->make_room(query);
        if (!(score > block.thresholds[query])) continue;
      }
      list.keys[list.size++] = rank_key(score, block.first_id + first_row + r);
    }
  }
}

template <int kRows, bool kPrefetch>
HWY_INLINE void ScanTile(const ScanBlock& block, int32_t row, int32_t panel_index) {
  const Lane d;
  const size_t lanes = hn::Lanes(d);
  const int32_t width = PanelWidth();
  const float* panel = block.panels + static_cast<size_t>(panel_index) *
                                          static_cast<size_t>(block.dimension) *
                                          static_cast<size_t>(width);
  const int32_t first_query = panel_index * width;
  const float* rows = block.rows + static_cast<size_t>(row) * block.stride;
  const float* ahead = rows + static_cast<size_t>(kTilesAhead * kRows) * block.stride;
  ScoreTile<kRows, kPrefetch>(
      rows, block.stride, block.dimension, panel, ahead,
      [&](const Vec* low, const Vec* high) HWY_ATTR {
        const Vec bound_low = hn::LoadU(d, block.thresholds + first_query);
        const Vec bound_high = hn::LoadU(d, block.thresholds + first_query + lanes);
        auto any = hn::Gt(low[0], bound_low);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          any = hn::Or(any, hn::Or(hn::Gt(low[r], bound_low), hn::Gt(high[r], bound_high)));
        }
        if (HWY_LIKELY(hn::AllFalse(d, any))) return;
        HWY_ALIGN float scores[kRows * 2 * HWY_LANES(float)];
        uint32_t passed[kRows];
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
          float* row_scores = scores + static_cast<size_t>(r) * static_cast<size_t>(width);
          hn::Store(low[r], d, row_scores);
          hn::Store(high[r], d, row_scores + lanes);
          uint8_t bits_low[8] = {}, bits_high[8] = {};
          hn::StoreMaskBits(d, hn::Gt(low[r], bound_low), bits_low);
          hn::StoreMaskBits(d, hn::Gt(high[r], bound_high), bits_high);
          const auto mask_low = static_cast<uint32_t>(bits_low[0] | bits_low[1] << 8);
          const auto mask_high = static_cast<uint32_t>(bits_high[0] | bits_high[1] << 8);
          passed[r] = mask_low | mask_high << lanes;
        }
        Collect(block, scores, passed, kRows, row, first_query);
      });
}

void Scan(const ScanBlock& block) {
  for (int32_t panel = 0; panel < block.panel_count; ++panel) {
    int32_t row = 0;
    if (panel ==
        0) {  // the first panel brings the rows from memory, the others find them in the cache
      const int32_t present = block.count + block.following - (kTilesAhead + 1) * kTileRows;
      for (; row + kTileRows <= block.count && row <= present; row += kTileRows)
        ScanTile<kTileRows, true>(block, row, panel);
    }
    for (; row + kTileRows <= block.count; row += kTileRows)
      ScanTile<kTileRows, false>(block, row, panel);
    for (; row < block.count; ++row) ScanTile<1, false>(block, row, panel);
  }
}

void ScorePanel(const float* rows, size_t stride, int32_t count, int32_t dimension,
                const float* panel, float* scores) {
  const Lane d;
  const size_t lanes = hn::Lanes(d);
  const auto tile = [&]<int kRows>(int32_t row) HWY_ATTR {
    ScoreTile<kRows, false>(rows + static_cast<size_t>(row) * stride, stride, dimension, panel,
                            nullptr, [&](const Vec* low, const Vec* high) HWY_ATTR {
                              float* out = scores + static_cast<size_t>(row) * 2 * lanes;
#pragma GCC unroll 16
                              for (int r = 0; r < kRows; ++r) {
                                hn::StoreU(low[r], d, out);
                                hn::StoreU(high[r], d, out + lanes);
                                out += 2 * lanes;
                              }
                            });
  };
  int32_t row = 0;
  for (; row + kTileRows <= count; row += kTileRows) tile.template operator()<kTileRows>(row);
  for (; row < count; ++row) tile.template operator()<1>(row);
}

// Several rows at once, since one row's chain of dependent multiply-adds leaves the core waiting.
void ScoreRows(const float* bank, int32_t dimension, const float* query, const int32_t* ids,
               int32_t count, float* scores) {
  constexpr int kChains = 8;
  const auto row = [&](int32_t j) {
    return bank + static_cast<size_t>(std::max(ids[j], 0)) * static_cast<size_t>(dimension);
  };
  for (int32_t first = 0; first < count; first += kChains) {
    const int32_t chains = std::min<int32_t>(kChains, count - first);
    const float* rows[kChains];
    for (int32_t j = 0; j < kChains; ++j) rows[j] = row(first + std::min(j, chains - 1));
    float sums[kChains] = {};
    for (int32_t k = 0; k < dimension; ++k) {
#pragma GCC unroll 8
      for (int j = 0; j < kChains; ++j) sums[j] = __builtin_fmaf(query[k], rows[j][k], sums[j]);
    }
    for (int32_t j = 0; j < chains; ++j)
      scores[first + j] = ids[first + j] < 0 ? 0.0f : sums[j] + 0.0f;
  }
}

// exp(x) for x <= 0: x = n ln2 + r, |r| <= ln2 / 2, a polynomial for exp(r), n into the exponent.
HWY_INLINE Vec Exp(Vec x) {
  const Lane d;
  const hn::RebindToSigned<Lane> di;
  const Vec smallest = hn::Set(d, -87.0f);
  const auto vanishes = hn::Lt(x, smallest);
  x = hn::Max(x, smallest);
  const auto n = hn::NearestInt(hn::Mul(x, hn::Set(d, 1.44269504f)));
  const Vec whole = hn::ConvertTo(d, n);
  Vec r = Fma(whole, hn::Set(d, -0.693359375f), x);
  r = Fma(whole, hn::Set(d, 2.12194440e-4f), r);
  Vec p = hn::Set(d, 1.0f / 5040);
  p = Fma(p, r, hn::Set(d, 1.0f / 720));
  p = Fma(p, r, hn::Set(d, 1.0f / 120));
  p = Fma(p, r, hn::Set(d, 1.0f / 24));
  p = Fma(p, r, hn::Set(d, 1.0f / 6));
  p = Fma(p, r, hn::Set(d, 0.5f));
  p = Fma(p, r, hn::Set(d, 1.0f));
  p = Fma(p, r, hn::Set(d, 1.0f));
  const Vec scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(n, hn::Set(di, 127))));
  return hn::IfThenElse(vanishes, hn::Zero(d), hn::Mul(p, scale));
}

void Exponentials(const float* scores, int32_t count, float shift, float scale, float* out) {
  const Lane d;
  const auto lanes = static_cast<int32_t>(hn::Lanes(d));
  const Vec shifts = hn::Set(d, shift), scales = hn::Set(d, scale);
  int32_t j = 0;
  for (; j + lanes <= count; j += lanes) {
    hn::StoreU(Exp(hn::Mul(hn::Sub(hn::LoadU(d, scores + j), shifts), scales)), d, out + j);
  }
  if (j < count) {
    HWY_ALIGN float tail[HWY_LANES(float)] = {};
    std::copy(scores + j, scores + count, tail);
    hn::Store(Exp(hn::Mul(hn::Sub(hn::Load(d, tail), shifts), scales)), d, tail);
    std::copy(tail, tail + (count - j), out + j);
  }
}

template <int kVectors>
HWY_INLINE void AddColumns(const float* bank, size_t dimension, size_t column, const int32_t* ids,
                           const float* weights, int32_t count, float* sum) {
  constexpr int32_t kAhead =
      12;  // rows lie anywhere in memory: ask for them before they are needed
  const Lane d;
  const size_t lanes = hn::Lanes(d);
  Vec total[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v)
    total[v] = hn::LoadU(d, sum + column + static_cast<size_t>(v) * lanes);
  for (int32_t j = 0; j < count; ++j) {
    if (j + kAhead < count) {
      const float* ahead = bank + static_cast<size_t>(ids[j + kAhead]) * dimension + column;
      for (size_t offset = 0; offset < kVectors * lanes; offset += 16)
        hwy::Prefetch(ahead + offset);
    }
    const float* row = bank + static_cast<size_t>(ids[j]) * dimension + column;
    const Vec weight = hn::Set(d, weights[j]);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v)
      total[v] = Fma(weight, hn::LoadU(d, row + static_cast<size_t>(v) * lanes), total[v]);
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v)
    hn::StoreU(total[v], d, sum + column + static_cast<size_t>(v) * lanes);
}

void AddRows(const float* bank, int32_t dimension, const int32_t* ids, const float* weights,
             int32_t count, float* sum) {
  const size_t lanes = hn::Lanes(Lane());
  const auto columns = static_cast<size_t>(dimension);
  size_t column = 0;
  for (; column + 8 * lanes <= columns; column += 8 * lanes)
    AddColumns<8>(bank, columns, column, ids, weights, count, sum);
  for (; column + lanes <= columns; column += lanes)
    AddColumns<1>(bank, columns, column, ids, weights, count, sum);
  for (; column < columns; ++column) {
    float total = sum[column];
    for (int32_t j = 0; j < count; ++j) {
      total =
          __builtin_fmaf(weights[j], bank[static_cast<size_t>(ids[j]) * columns + column], total);
    }
    sum[column] = total;
  }
}

double MultiplyAdd(int64_t rounds, float factor, float* sum) {
  constexpr int kChains = 2 * kTileRows;
  const Lane d;
  const Vec factors = hn::Set(d, factor), rest = hn::Set(d, 1.0f - factor);
  Vec chains[kChains];
#pragma GCC unroll 32
  for (int c = 0; c < kChains; ++c) chains[c] = hn::Set(d, static_cast<float>(c));
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (int c = 0; c < kChains; ++c) chains[c] = Fma(chains[c], factors, rest);
  }
  Vec total = hn::Zero(d);
#pragma GCC unroll 32
  for (int c = 0; c < kChains; ++c) total = hn::Add(total, chains[c]);
  *sum = hn::GetLane(total) / static_cast<float>(kChains);
  return 2.0 * kChains * static_cast<double>(hn::Lanes(d)) * static_cast<double>(rounds);
}

const Kernels& Table() {
  static const Kernels kernels = {hwy::TargetName(HWY_TARGET),
                                  HWY_TARGET,
                                  PanelWidth(),
                                  Scan,
                                  ScorePanel,
                                  ScoreRows,
                                  Exponentials,
                                  AddRows,
                                  MultiplyAdd};
  return kernels;
}

}  // namespace invp::bank::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace invp::bank {

HWY_EXPORT(Table);

const Kernels& best_kernels() { return HWY_DYNAMIC_DISPATCH(Table)(); }

std::vector<const Kernels*> supported_kernels() {
  std::vector<const Kernels*> tables;
  const int64_t best = best_kernels().target;
  tables.push_back(&best_kernels());
  const auto add = [&](const Kernels& table) {
    if (table.target != best && (hwy::SupportedTargets() & table.target) != 0)
      tables.push_back(&table);
  };
#if HWY_TARGETS & HWY_AVX3
  if ((hwy::SupportedTargets() & HWY_AVX3) != 0) add(N_AVX3::Table());
#endif
#if HWY_TARGETS & HWY_AVX2
  if ((hwy::SupportedTargets() & HWY_AVX2) != 0) add(N_AVX2::Table());
#endif
#if HWY_TARGETS & HWY_EMU128
  add(N_EMU128::Table());
#endif
#if HWY_TARGETS & HWY_SCALAR
  add(N_SCALAR::Table());
#endif
#if HWY_TARGETS & HWY_NEON
  add(N_NEON::Table());
#endif
  return tables;
}

}  // namespace invp::bank
#endif
