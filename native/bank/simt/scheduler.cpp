#include "scheduler.h"

#include <algorithm>
#include <new>
#include <utility>

#include "machine.h"

namespace invp::simt {

ThreadView* current = nullptr;

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

namespace {

// Bytes that make any use of them show: NaN as a float, far out of range as an index.
void poison(unsigned char* memory, size_t bytes, uint64_t seed) {
  const uint64_t pattern = 0xFFF5FFF5FFF5FFF5u - (seed % 5) * 0x0001000100010001u;
  volatile auto* words = reinterpret_cast<volatile uint64_t*>(memory);
  for (size_t i = 0; i < bytes / 8; ++i) words[i] = pattern;
}

}  // namespace

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

std::string run(const Launch& launch) { return scheduler().run(launch); }

void fail(const char* message, Site site) {
  const Hidden hardware;
  scheduler().fail(message, site, scheduler().self());
}

void maybe_yield() {
  Scheduler& s = scheduler();
  if (!s.shuffled() || s.random().below(8) != 0) return;
  const Hidden hardware;
  s.wake(s.self());
  s.leave();
}

}  // namespace invp::simt
