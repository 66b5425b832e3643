/* The emulated device's insides: threads, warps, blocks and the scheduler that lets one thread run.
 */
#ifndef INVP_SIMT_MACHINE_H
#define INVP_SIMT_MACHINE_H

#include <sys/mman.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "fiber.h"
#include "race.h"
#include "scheduler.h"

namespace invp::simt {

inline constexpr size_t kSharedBytes = size_t{228}
                                       << 10;  // the largest of the architectures we build for
inline constexpr size_t kStaticBytes = size_t{48} << 10;
inline constexpr uint32_t kLanes = 32;

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

inline bool same(const Site& a, const Site& b) {
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

Scheduler& scheduler();

}  // namespace invp::simt

#endif
