// This file is never instrumented for races: it is the hardware, and moves data between fibers on
// purpose. What kernels may rely on is told to the race detector by acquire and release alone; what
// allocations and library functions here touch is hidden from it.
#include "scheduler.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "fiber.h"
#include "half.h"

#ifdef INVP_SIMT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" void __tsan_ignore_thread_begin();
extern "C" void __tsan_ignore_thread_end();
#endif

namespace invp::simt {

ThreadView* current = nullptr;

namespace {

constexpr size_t kSharedBytes = size_t{228} << 10;  // the largest of the architectures we build for
constexpr size_t kStaticBytes = size_t{48} << 10;
constexpr uint32_t kLanes = 32;

void acquire([[maybe_unused]] void* token) {
#ifdef INVP_SIMT_TSAN
  __tsan_acquire(token);
#endif
}

void release([[maybe_unused]] void* token) {
#ifdef INVP_SIMT_TSAN
  __tsan_release(token);
#endif
}

void hide() {
#ifdef INVP_SIMT_TSAN
  __tsan_ignore_thread_begin();
#endif
}

void show() {
#ifdef INVP_SIMT_TSAN
  __tsan_ignore_thread_end();
#endif
}

/* While it lives what the current fiber does is the hardware's, and no race. Not nested, and never
 * while another fiber runs: a fiber may be dropped where it waits. */
struct Hidden {
  Hidden() { hide(); }
  ~Hidden() { show(); }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
};

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t x = state_ += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
  }
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  uint64_t state_;
};

bool same(const Site& a, const Site& b) {
  return a.line == b.line && (a.file == b.file || std::strcmp(a.file, b.file) == 0);
}

enum class State { kReady, kAtWarp, kAtBlock, kExited };
enum class Op { kSync, kBallot, kShuffle, kMatch, kAdd, kMin, kMax, kMma, kRows };

struct Collective {
  Op op;
  uint32_t mask;
  uint32_t argument;
  const uint32_t* in;
  uint32_t* out;
  Site site;
};

struct Block;

struct Thread : ThreadView {
  Fiber fiber;
  State state = State::kExited;
  Block* owner = nullptr;
  uint32_t index = 0;
  Collective collective{};
  std::vector<AsyncCopy> copies;
  std::vector<size_t> groups;  // how many copies were issued before each commit
};

/*
 * Addresses for the race detector: who meets releases to and acquires from one of their own. With a
 * single address a thread that is late to go on from one meeting would acquire what others, already
 * at the next, have released since.
 */
template <size_t kCount>
class Tokens {
 public:
  char* next() { return &tokens_[++last_ % kCount]; }
  char* last() { return &tokens_[last_ % kCount]; }

 private:
  std::array<char, kCount> tokens_{};
  size_t last_ = 0;
};

/* Lanes of a warp that have arrived at a collective and wait for the others of its mask. */
struct Meeting {
  Collective call;
  uint32_t arrived;
  char* token;
};

struct Warp {
  std::vector<Meeting> meetings;
  uint32_t gone = 0; /* lanes that have exited or never were */
  Tokens<64> tokens;
};

struct Static {
  const char* file;
  int line;
  void* at;
};

struct Block {
  std::vector<std::unique_ptr<Thread>> threads;
  unsigned char* shared = nullptr;
  size_t shared_end = 0;
  std::vector<Static> statics;
  uint32_t size = 0, alive = 0, exited = 0;
  uint32_t arrived = 0;
  int fold = 0, fold_result = 0;
  BlockFold fold_kind = BlockFold::kNone;
  Site barrier{};
  std::array<Warp, kLanes> warps;
  Tokens<2> tokens;

  ~Block() {
    if (shared != nullptr) munmap(shared, kSharedBytes);
  }
};

/* The order in which ready threads run. */
enum class Policy { kOldestFirst, kNewestFirst, kRandom, kMostlyNewest };

class Scheduler {
 public:
  std::string run(const Launch& launch);

  /* From within the hardware. */
  [[noreturn]] void fail(std::string message, Site site, const Thread& thread) {
    if (fault_.empty()) {
      fault_ = std::string(launch_->kernel) + ": block " + place(thread.block) + " thread " +
               place(thread.thread) + ": " + site.call + " at " + name(site.file) + ":" +
               std::to_string(site.line) + ": " + message;
    }
    // Nobody returns to this stack: what lies on it must not own memory.
    std::string().swap(message);
    leave();
    __builtin_unreachable();
  }

  /*
   * Lets another thread run. A launch that ends in a fault comes back to no thread: what each did
   * until it left has happened before the launch's end.
   */
  void leave() {
    release(&end_token_);
    show();
    running_->fiber.leave();
    hide();
  }

  Thread& self() { return *running_; }
  Random& random() { return random_; }
  bool shuffled() const { return launch_->seed != 0; }
  uint64_t seed() const { return launch_->seed; }

  void wait(State state) {
    running_->state = state;
    leave();
  }

  void wake(Thread& thread) {
    thread.state = State::kReady;
    ready_.push_back(&thread);
  }

  static std::string place(const dim3& at) {
    return "(" + std::to_string(at.x) + "," + std::to_string(at.y) + "," + std::to_string(at.z) +
           ")";
  }

 private:
  static const char* name(const char* path) {
    const char* slash = std::strrchr(path, '/');
    return slash == nullptr ? path : slash + 1;
  }

  static void thread_main(void* argument);
  void begin(Block& block, uint64_t number);
  Thread& next();
  void exited(Thread& thread);
  std::string deadlock() const;

  const Launch* launch_ = nullptr;
  Random random_{0};
  Policy policy_ = Policy::kOldestFirst;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<Thread*> ready_;
  size_t oldest_ = 0;
  Thread* running_ = nullptr;
  std::string fault_;
  char begin_token_ = 0, end_token_ = 0;
};

Scheduler& scheduler() {
  static Scheduler instance;
  return instance;
}

void Scheduler::thread_main(void* argument) {
  auto& thread = *static_cast<Thread*>(argument);
  Scheduler& me = scheduler();
  acquire(&me.begin_token_);
  me.launch_->body();
  release(&me.end_token_);
  hide();
  me.exited(thread);
  me.leave();
}

// Bytes that make any use of them show: NaN as a float, far out of range as an index.
void poison(unsigned char* memory, size_t bytes, uint64_t seed) {
  const uint64_t pattern = 0xFFF5FFF5FFF5FFF5u - (seed % 5) * 0x0001000100010001u;
  volatile auto* words = reinterpret_cast<volatile uint64_t*>(memory);
  for (size_t i = 0; i < bytes / 8; ++i) words[i] = pattern;
}

void Scheduler::begin(Block& block, uint64_t number) {
#ifdef INVP_SIMT_TSAN
  // Fresh memory: what an earlier block did to it is no race.
  if (block.shared != nullptr) munmap(block.shared, kSharedBytes);
  block.shared = nullptr;
#endif
  if (block.shared == nullptr) {
    void* memory = mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    block.shared = static_cast<unsigned char*>(memory);
  }
  block.shared_end = (launch_->shared_bytes + 127) / 128 * 128;
  poison(block.shared, std::min(block.shared_end + kStaticBytes, kSharedBytes), random_.next());
  block.statics.clear();
  block.size = launch_->block.x * launch_->block.y * launch_->block.z;
  block.alive = block.size;
  block.exited = block.arrived = 0;
  for (uint32_t w = 0; w < kLanes; ++w) {
    block.warps[w].meetings.clear();
    const uint32_t threads = block.size > w * kLanes ? block.size - w * kLanes : 0;
    block.warps[w].gone = threads >= kLanes ? 0 : ~0u << threads;
  }
  while (block.threads.size() < block.size) block.threads.push_back(std::make_unique<Thread>());
  for (uint32_t i = 0; i < block.size; ++i) {
    Thread& thread = *block.threads[i];
    thread.thread = dim3(i % launch_->block.x, i / launch_->block.x % launch_->block.y,
                         i / launch_->block.x / launch_->block.y);
    thread.block = dim3(static_cast<unsigned>(number % launch_->grid.x),
                        static_cast<unsigned>(number / launch_->grid.x % launch_->grid.y),
                        static_cast<unsigned>(number / launch_->grid.x / launch_->grid.y));
    thread.block_size = launch_->block;
    thread.grid_size = launch_->grid;
    thread.owner = &block;
    thread.index = i;
    thread.copies.clear();
    thread.groups.clear();
    thread.fiber.start(thread_main, &thread);
    wake(thread);
  }
}

Thread& Scheduler::next() {
  const size_t waiting = ready_.size() - oldest_;
  const bool newest = policy_ == Policy::kNewestFirst ||
                      (policy_ == Policy::kMostlyNewest && random_.below(4) != 0);
  Thread* chosen;
  if (policy_ == Policy::kOldestFirst) {
    chosen = ready_[oldest_++];
    if (oldest_ == ready_.size()) {
      ready_.clear();
      oldest_ = 0;
    } else if (oldest_ > 65536) {
      ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(oldest_));
      oldest_ = 0;
    }
  } else {
    if (!newest) std::swap(ready_[oldest_ + random_.below(waiting)], ready_.back());
    chosen = ready_.back();
    ready_.pop_back();
  }
  return *chosen;
}

void Scheduler::exited(Thread& thread) {
  Block& block = *thread.owner;
  if (!thread.copies.empty())
    fail("ends with asynchronous copies it never waited for", {"exit", "kernel", 0}, thread);
  thread.state = State::kExited;
  --block.alive;
  ++block.exited;
  if (block.arrived > 0)
    fail("this thread exits while others of its block wait at a barrier", block.barrier, thread);
  Warp& warp = block.warps[thread.index / kLanes];
  const uint32_t lane = thread.index % kLanes;
  warp.gone |= 1u << lane;
  for (const Meeting& meeting : warp.meetings) {
    if ((meeting.call.mask >> lane & 1) != 0)
      fail("lane " + std::to_string(lane) + " exits while others of its warp wait for it",
           meeting.call.site, thread);
  }
}

std::string Scheduler::deadlock() const {
  for (const auto& block : blocks_) {
    for (uint32_t i = 0; i < block->size; ++i) {
      const Thread& thread = *block->threads[i];
      if (thread.state != State::kAtWarp && thread.state != State::kAtBlock) continue;
      const Site& site = thread.state == State::kAtBlock ? block->barrier : thread.collective.site;
      return std::string(launch_->kernel) + ": block " + place(thread.block) + " thread " +
             place(thread.thread) + ": waits for ever at " + site.call + " at " + name(site.file) +
             ":" + std::to_string(site.line);
    }
  }
  return std::string(launch_->kernel) + ": deadlock";
}

std::string Scheduler::run(const Launch& launch) {
  const Hidden hardware;
  launch_ = &launch;
  random_ = Random(launch.seed);
  policy_ = shuffled() ? static_cast<Policy>(random_.below(4)) : Policy::kOldestFirst;
  const size_t resident = shuffled() ? 1 + random_.below(3) : 1;
  fault_.clear();
  ready_.clear();
  oldest_ = 0;
  const uint64_t count = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  std::vector<uint64_t> order(count);
  for (uint64_t i = 0; i < count; ++i) order[i] = i;
  if (shuffled()) {
    for (uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[random_.below(i)]);
  }
  while (blocks_.size() < resident) blocks_.push_back(std::make_unique<Block>());
  for (auto& block : blocks_) block->size = block->alive = 0;
  release(&begin_token_);
  uint64_t started = 0;
  while (true) {
    for (size_t b = 0; b < resident && started < count; ++b) {
      if (blocks_[b]->alive == 0) begin(*blocks_[b], order[started++]);
    }
    if (ready_.size() == oldest_) {
      for (const auto& block : blocks_) {
        if (block->alive > 0 && fault_.empty()) fault_ = deadlock();
      }
      break;
    }
    Thread& thread = next();
    running_ = &thread;
    current = &thread;
    show();
    thread.fiber.enter();
    hide();
    if (thread.state == State::kExited && !thread.fiber.intact() && fault_.empty())
      fault_ = std::string(launch.kernel) + ": a thread wrote beyond its stack";
    if (!fault_.empty()) break;
  }
  acquire(&end_token_);
  running_ = nullptr;
  current = nullptr;
  return fault_;
}

// ---- Collectives of a warp -------------------------------------------------------------------

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

std::string run(const Launch& launch) { return scheduler().run(launch); }

void fail(const char* message, Site site) {
  const Hidden hardware;
  scheduler().fail(message, site, scheduler().self());
}

int sync_block(int predicate, BlockFold fold, Site site) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  Thread& self = s.self();
  Block& block = *self.owner;
  if (block.exited > 0) s.fail("some threads of the block have exited", site, self);
  if (block.arrived == 0) {
    block.barrier = site;
    block.fold_kind = fold;
    block.fold = fold == BlockFold::kAnd ? 1 : 0;
  } else if (!same(block.barrier, site)) {
    s.fail("others of the block wait at line " + std::to_string(block.barrier.line), site, self);
  }
  const int truth = predicate != 0 ? 1 : 0;
  if (fold == BlockFold::kAnd) {
    block.fold &= truth;
  } else if (fold == BlockFold::kOr) {
    block.fold |= truth;
  } else {
    block.fold += truth;
  }
  char* const token = block.arrived == 0 ? block.tokens.next() : block.tokens.last();
  release(token);
  if (++block.arrived == block.size) {
    block.arrived = 0;
    block.fold_result = block.fold;
    for (uint32_t i = 0; i < block.size; ++i) {
      Thread& other = *block.threads[i];
      if (&other != &self) s.wake(other);
    }
  } else {
    s.wait(State::kAtBlock);
  }
  acquire(token);
  return block.fold_result;
}

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

void* shared_static(size_t bytes, size_t alignment, const char* file, int line) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  Block& block = *s.self().owner;
  for (const Static& known : block.statics) {
    if (known.line == line && std::strcmp(known.file, file) == 0) return known.at;
  }
  const size_t at = (block.shared_end + alignment - 1) / alignment * alignment;
  block.shared_end = at + bytes;
  if (block.shared_end > kSharedBytes)
    s.fail("the block's shared memory is too small", {"shared memory", file, line}, s.self());
  block.statics.push_back({file, line, block.shared + at});
  return block.shared + at;
}

void* shared_dynamic() { return scheduler().self().owner->shared; }

void maybe_yield() {
  Scheduler& s = scheduler();
  if (!s.shuffled() || s.random().below(8) != 0) return;
  const Hidden hardware;
  s.wake(s.self());
  s.leave();
}

bool async_copy_begins(const AsyncCopy& copy) {
  const Hidden hardware;
  Scheduler& s = scheduler();
  if (s.shuffled() && s.random().below(4) == 0) return true;
  s.self().copies.push_back(copy);
  return false;
}

void async_copy_commit() {
  const Hidden hardware;
  Thread& self = scheduler().self();
  self.groups.push_back(self.copies.size());
}

AsyncCopy* async_copy_due(int newest) {
  const Hidden hardware;
  Thread& self = scheduler().self();
  const size_t groups = self.groups.size();
  const size_t ended = groups > static_cast<size_t>(newest)
                           ? self.groups[groups - 1 - static_cast<size_t>(newest)]
                           : 0;
  for (size_t i = 0; i < ended; ++i) {
    if (!self.copies[i].done) {
      self.copies[i].done = true;
      return &self.copies[i];
    }
  }
  // All due ones have landed: forget them.
  self.copies.erase(self.copies.begin(), self.copies.begin() + static_cast<std::ptrdiff_t>(ended));
  if (groups > static_cast<size_t>(newest))
    self.groups.erase(self.groups.begin(), self.groups.end() - static_cast<std::ptrdiff_t>(newest));
  for (size_t& group : self.groups) group -= ended;
  return nullptr;
}

}  // namespace invp::simt
