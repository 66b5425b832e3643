#include "ids.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <string>

namespace invp::bank {
namespace {

constexpr int64_t kIdsPerPiece = 1 << 16;

[[noreturn]] void refuse(const char* what, int32_t id, int64_t place, int64_t first, int64_t end) {
  throw std::invalid_argument(std::string(what) + " " + std::to_string(id) + " at position " +
                              std::to_string(place) + ", allowed: " + std::to_string(first) +
                              " to " + std::to_string(end - 1));
}

}  // namespace

const int32_t* CheckedIds::copy(ThreadPool& pool, const char* what, const int32_t* ids,
                                int64_t count, int64_t first, int64_t end) {
  copy_.reserve(static_cast<size_t>(count));
  int32_t* const copied = copy_.data();
  std::mutex mutex;
  int64_t first_bad = count;
  pool.for_each(count, kIdsPerPiece, [&](int, int64_t from, int64_t to) {
    std::copy(ids + from, ids + to, copied + from);
    const auto outside = [&](int32_t id) { return id < first || id >= end; };
    bool any = false;  // no early end, so that vectors compare
    for (int64_t j = from; j < to; ++j) any |= outside(copied[j]);
    if (!any) return;
    const int64_t bad = std::find_if(copied + from, copied + to, outside) - copied;
    const std::lock_guard lock(mutex);
    first_bad = std::min(first_bad, bad);
  });
  if (first_bad < count) refuse(what, copied[first_bad], first_bad, first, end);
  return copied;
}

void require_ascending(ThreadPool& pool, const char* what, const int32_t* ids, int64_t batch,
                       int64_t width, const int32_t* counts, int64_t end) {
  pool.for_each(batch, 8, [&](int, int64_t from, int64_t to) {
    for (int64_t b = from; b < to; ++b) {
      const int32_t* const list = ids + b * width;
      const int64_t count = counts == nullptr ? width : counts[b];
      for (int64_t j = 0; j < count; ++j) {
        if (list[j] < 0 || list[j] >= end) refuse(what, list[j], b * width + j, 0, end);
        if (j > 0 && list[j] < list[j - 1]) {
          throw std::invalid_argument(std::string("the ") + what + "s of row " + std::to_string(b) +
                                      " do not ascend");
        }
      }
    }
  });
}

void require_padded(const char* what, const int32_t* ids, int64_t batch, int64_t width) {
  for (int64_t b = 0; b < batch; ++b) {
    const int32_t* const list = ids + b * width;
    const int32_t* const end = std::find(list, list + width, -1);
    if (std::any_of(end, list + width, [](int32_t id) { return id != -1; })) {
      throw std::invalid_argument(std::string("row ") + std::to_string(b) + " of the " + what +
                                  "s goes on behind a -1, which ends it");
    }
  }
}

}  // namespace invp::bank
