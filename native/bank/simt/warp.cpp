/* What the lanes of a warp do together: votes, shuffles, reductions and the tensor core's product.
 */
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "half.h"
#include "machine.h"

namespace invp::simt {

namespace {

const std::array<float, 65536>& half_table() {
  static const auto table = [] {
    std::array<float, 65536> values;
    for (uint32_t i = 0; i < values.size(); ++i) values[i] = from_half(static_cast<uint16_t>(i));
    return values;
  }();
  return table;
}

// Tensor cores align the products of a step to the largest and cut off what is below 24 bits.
double add_truncated(double sum, const double* products, int count) {
  double largest = std::abs(sum);
  for (int k = 0; k < count; ++k) largest = std::max(largest, std::abs(products[k]));
  if (largest == 0 || !std::isfinite(largest)) {
    for (int k = 0; k < count; ++k) sum += products[k];
    return sum;
  }
  const double quantum = std::ldexp(1.0, std::ilogb(largest) - 23);
  double total = std::trunc(sum / quantum);
  for (int k = 0; k < count; ++k) total += std::trunc(products[k] / quantum);
  const double exact = total * quantum;
  const auto rounded = static_cast<float>(exact);
  if (std::abs(static_cast<double>(rounded)) <= std::abs(exact)) return rounded;
  return std::nextafterf(rounded, 0.0f);
}

void multiply_fragments(Thread* const lanes[kLanes], uint64_t seed) {
  const auto& half = half_table();
  float a[16][16], b[8][16];
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const uint32_t* in = lanes[lane]->collective.in;
    const uint32_t row = lane / 4, column = lane % 4 * 2;
    const auto low = [&](uint32_t word) { return half[word & 0xFFFF]; };
    const auto high = [&](uint32_t word) { return half[word >> 16]; };
    for (uint32_t part = 0; part < 4; ++part) {
      float* at = &a[row + part % 2 * 8][column + part / 2 * 8];
      at[0] = low(in[part]);
      at[1] = high(in[part]);
    }
    for (uint32_t part = 0; part < 2; ++part) {
      float* at = &b[row][column + part * 8];
      at[0] = low(in[4 + part]);
      at[1] = high(in[4 + part]);
    }
  }
  const uint64_t manner = seed % 3;  // how this tensor core rounds
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const uint32_t* in = lanes[lane]->collective.in;
    for (uint32_t part = 0; part < 4; ++part) {
      const uint32_t i = lane / 4 + part / 2 * 8, j = lane % 4 * 2 + part % 2;
      double sum = static_cast<double>(std::bit_cast<float>(in[6 + part]));
      if (manner == 1) {
        double products[16];
        for (int k = 0; k < 16; ++k)
          products[k] = static_cast<double>(a[i][k]) * static_cast<double>(b[j][k]);
        sum = add_truncated(add_truncated(sum, products, 8), products + 8, 8);
      } else {
        for (int k = 0; k < 16; ++k)
          sum += static_cast<double>(a[i][k]) * static_cast<double>(b[j][k]);
      }
      auto rounded = static_cast<float>(sum);
      if (manner == 2 && std::isfinite(rounded)) rounded += rounded * 0x1p-22f;
      lanes[lane]->collective.out[part] = std::bit_cast<uint32_t>(rounded);
    }
  }
}

// Every lane of the mask has arrived: computes the results of all of them.
void finish(Thread* const lanes[kLanes], const Collective& call, uint64_t seed) {
  if (call.op == Op::kSync) return;
  if (call.op == Op::kMma) return multiply_fragments(lanes, seed);
  uint32_t folded = call.op == Op::kMin ? 0xFFFFFFFFu : 0;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    if (lanes[lane] == nullptr) continue;
    const uint32_t value = lanes[lane]->collective.in[0];
    if (call.op == Op::kBallot) folded |= value << lane;
    if (call.op == Op::kAdd) folded += value;
    if (call.op == Op::kMin) folded = std::min(folded, value);
    if (call.op == Op::kMax) folded = std::max(folded, value);
  }
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    if (lanes[lane] == nullptr) continue;
    const Collective& own = lanes[lane]->collective;
    if (call.op == Op::kShuffle) {
      own.out[0] = lanes[own.argument]->collective.in[0];
    } else if (call.op == Op::kRows) {
      for (uint32_t matrix = 0; matrix < 4; ++matrix)
        own.out[matrix] = lanes[matrix * 8 + lane / 4]->collective.in[lane % 4];
    } else if (call.op == Op::kMatch) {
      own.out[0] = 0;
      for (uint32_t other = 0; other < kLanes; ++other) {
        if (lanes[other] != nullptr && lanes[other]->collective.in[0] == own.in[0])
          own.out[0] |= 1u << other;
      }
    } else {
      own.out[0] = folded;
    }
  }
}

void meet(const Collective& call) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  Thread& self = s.self();
  Block& block = *self.owner;
  const uint32_t own_lane = self.index % kLanes;
  if ((call.mask >> own_lane & 1) == 0)
    s.fail("the mask leaves out the calling lane " + std::to_string(own_lane), call.site, self);
  if (call.op == Op::kShuffle && (call.mask >> call.argument & 1) == 0)
    s.fail("reads lane " + std::to_string(call.argument) + ", which is not in the mask", call.site,
           self);
  self.collective = call;
  Warp& warp = block.warps[self.index / kLanes];
  if ((warp.gone & call.mask) != 0)
    s.fail("waits for lane " + std::to_string(std::countr_zero(warp.gone & call.mask)) +
               ", which has exited or never was",
           call.site, self);
  size_t at = 0;
  while (at < warp.meetings.size() && (warp.meetings[at].call.mask & call.mask) == 0) ++at;
  if (at == warp.meetings.size()) warp.meetings.push_back({call, 0, warp.tokens.next()});
  Meeting& meeting = warp.meetings[at];
  const Collective& theirs = meeting.call;
  if (theirs.op != call.op || theirs.mask != call.mask || !same(theirs.site, call.site))
    s.fail(std::string("others of the warp wait at ") + theirs.site.call + ":" +
               std::to_string(theirs.site.line) + " or with another mask",
           call.site, self);
  char* const token = meeting.token;
  if (call.op == Op::kSync) release(token);
  meeting.arrived |= 1u << own_lane;
  if (meeting.arrived == call.mask) {
    warp.meetings.erase(warp.meetings.begin() + static_cast<std::ptrdiff_t>(at));
    Thread* lanes[kLanes] = {};
    for (uint32_t bits = call.mask; bits != 0; bits &= bits - 1) {
      const auto lane = static_cast<uint32_t>(std::countr_zero(bits));
      lanes[lane] = block.threads[self.index / kLanes * kLanes + lane].get();
    }
    finish(lanes, call, s.seed());
    for (Thread* lane : lanes) {
      if (lane != nullptr && lane != &self) s.wake(*lane);
    }
  } else {
    s.wait(State::kAtWarp);
  }
  if (call.op == Op::kSync) acquire(token);
}

}  // namespace

void sync_warp(uint32_t mask, Site site) { meet({Op::kSync, mask, 0, nullptr, nullptr, site}); }

uint32_t ballot(uint32_t mask, bool predicate, Site site) {
  const uint32_t in = predicate ? 1 : 0;
  uint32_t out = 0;
  meet({Op::kBallot, mask, 0, &in, &out, site});
  return out;
}

uint32_t shuffle(uint32_t mask, uint32_t value, uint32_t source_lane, Site site) {
  uint32_t out = 0;
  meet({Op::kShuffle, mask, source_lane, &value, &out, site});
  return out;
}

uint32_t match_any(uint32_t mask, uint32_t value, Site site) {
  uint32_t out = 0;
  meet({Op::kMatch, mask, 0, &value, &out, site});
  return out;
}

uint32_t reduce(uint32_t mask, uint32_t value, WarpFold fold, Site site) {
  uint32_t out = 0;
  const Op op = fold == WarpFold::kAdd ? Op::kAdd : fold == WarpFold::kMin ? Op::kMin : Op::kMax;
  meet({op, mask, 0, &value, &out, site});
  return out;
}

void mma_m16n8k16(float c[4], const uint32_t a[4], const uint32_t b[2], Site site) {
  uint32_t in[10], out[4] = {};
  for (int i = 0; i < 4; ++i) in[i] = a[i];
  for (int i = 0; i < 2; ++i) in[4 + i] = b[i];
  for (int i = 0; i < 4; ++i) in[6 + i] = std::bit_cast<uint32_t>(c[i]);
  meet({Op::kMma, 0xFFFFFFFFu, 0, in, out, site});
  for (int i = 0; i < 4; ++i) c[i] = std::bit_cast<float>(out[i]);
}

void exchange_rows(uint32_t r[4], const uint32_t row[4], Site site) {
  uint32_t out[4] = {};
  meet({Op::kRows, 0xFFFFFFFFu, 0, row, out, site});
  for (int i = 0; i < 4; ++i) r[i] = out[i];
}

}  // namespace invp::simt
