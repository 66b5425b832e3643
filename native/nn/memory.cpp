#include "memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

namespace invp::nn {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSmallest = size_t{64} << 10;
constexpr size_t kHugePage = size_t{2} << 20;

/* Sits in the cache line before each block. */
struct alignas(kAlignment) Header {
  size_t bytes;
};
static_assert(sizeof(Header) == kAlignment);

/* Rounded up to an eighth of its power of two, so that nearly equal sizes share blocks. */
size_t rounded(size_t bytes) {
  if (bytes < kSmallest) return bytes;
  const size_t step = std::bit_floor(bytes) / 8;
  return (bytes + step - 1) / step * step;
}

class BlockCache final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* block = bytes == 0 ? nullptr : take(rounded(bytes));
    return {block, block, &give_back, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }

  void copy_data(void* target, const void* source, size_t bytes) const override {
    std::memcpy(target, source, bytes);
  }

  void release() noexcept {
    const std::lock_guard lock(mutex_);
    for (auto& [bytes, blocks] : idle_) {
      for (void* block : blocks) std::free(block);
      blocks.clear();
    }
  }

  static BlockCache& instance() {
    // Never destroyed: tensors of static lifetime may outlive every other object.
    alignas(BlockCache) static unsigned char place[sizeof(BlockCache)];
    static BlockCache* cache = ::new (place) BlockCache;
    return *cache;
  }

 private:
  void* take(size_t bytes) {
    if (bytes >= kSmallest) {
      const std::lock_guard lock(mutex_);
      auto& blocks = idle_[bytes];
      if (!blocks.empty()) {
        void* block = blocks.back();
        blocks.pop_back();
        return static_cast<Header*>(block) + 1;
      }
    }
    void* block = fresh(bytes + sizeof(Header));
    if (block == nullptr) {
      release();
      block = fresh(bytes + sizeof(Header));
    }
    if (block == nullptr) throw std::bad_alloc();
    return ::new (block) Header{bytes} + 1;
  }

  static void* fresh(size_t bytes) noexcept {
    const bool huge = bytes >= kHugePage;
    void* block = nullptr;
    if (posix_memalign(&block, huge ? kHugePage : kAlignment, bytes) != 0) return nullptr;
#ifdef MADV_HUGEPAGE
    if (huge) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
    return block;
  }

  static void give_back(void* pointer) noexcept {
    if (pointer == nullptr) return;
    Header* header = static_cast<Header*>(pointer) - 1;
    if (header->bytes >= kSmallest && instance().keep(header)) return;
    std::free(header);
  }

  bool keep(Header* header) noexcept {
    try {
      const std::lock_guard lock(mutex_);
      idle_[header->bytes].push_back(header);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  std::mutex mutex_;
  std::unordered_map<size_t, std::vector<void*>> idle_;
};

}  // namespace

void install_block_cache() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&BlockCache::instance(), 1); });
}

void release_cached_blocks() noexcept { BlockCache::instance().release(); }

}  // namespace invp::nn
