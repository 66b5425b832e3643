#include "nearest.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "guard.h"
#include "sampling.h"
#include "selection.h"

namespace invp::bank {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Rows per piece of a pass: 120 KiB at dimension 128, half of a small second-level cache, and a
// multiple of every kernel's tile.
constexpr int32_t kBlockRows = 240;

// Blocks that one thread takes at a time, so that it can ask for the next block's rows ahead of
// time.
constexpr int64_t kBlocksPerPiece = 8;

}  // namespace

/* One thread's candidate lists: they grow up to twice the count asked for, then are cut to the
 * best. */
class NearestSearch::ThreadLists final : public CandidateOverflow {
 public:
  ThreadLists(Worker& worker, int32_t count)
      : worker_(worker), count_(static_cast<size_t>(count)) {}

  void make_room(int32_t query) override {
    auto& storage = worker_.storage[static_cast<size_t>(query)];
    Candidates& list = worker_.candidates[static_cast<size_t>(query)];
    const size_t limit = 2 * count_ + 1024;
    if (storage.size() < limit) {
      storage.resize(std::min(limit, storage.size() * 2));
    } else {
      cut(list, storage);
      // Ids ascend within a thread, so a later row that only ties with the worst kept one ranks
      // below it.
      auto& threshold = worker_.thresholds[static_cast<size_t>(query)];
      threshold = std::max(threshold, rank_score(worst_));
    }
    list.keys = storage.data();
    list.capacity = static_cast<int32_t>(storage.size());
  }

 private:
  // Keeps the best `count_` keys in their order.
  void cut(Candidates& list, std::vector<RankKey>& storage) {
    auto& keys = worker_.keys;
    keys.assign(storage.begin(), storage.begin() + list.size);
    worst_ = nth_best(keys, count_, worker_.scratch);
    const auto end = std::remove_if(storage.begin(), storage.begin() + list.size,
                                    [&](RankKey key) { return key < worst_; });
    list.size = static_cast<int32_t>(end - storage.begin());
  }

  Worker& worker_;
  const size_t count_;
  RankKey worst_ = 0;
};

NearestSearch::NearestSearch(ThreadPool& pool, const Kernels& kernels)
    : pool_(pool), kernels_(kernels), workers_(static_cast<size_t>(pool.threads())) {}

void NearestSearch::run(const float* bank, int64_t rows, int32_t dimension, const float* queries,
                        int32_t batch, int32_t count, Order order, int32_t* ids, float* scores) {
  std::vector<int32_t> pending(static_cast<size_t>(batch));
  std::iota(pending.begin(), pending.end(), 0);
  for (bool sampled : {true, false}) {
    const auto searched = static_cast<int32_t>(pending.size());
    pack(queries, pending, dimension);
    if (sampled) {
      sample_thresholds(bank, rows, dimension, searched, count);
    } else {
      std::fill_n(thresholds_.begin(), searched, -kInfinity);
    }
    scan(bank, rows, dimension, searched, count);
    std::vector<uint8_t> found(pending.size());
    pool_.for_each(searched, 1, [&](int thread, int64_t begin, int64_t) {
      const auto query = static_cast<size_t>(begin);
      const size_t out = static_cast<size_t>(pending[query]) * static_cast<size_t>(count);
      found[query] =
          finish(static_cast<int32_t>(query), count, order, thread, ids + out, scores + out);
    });
    std::vector<int32_t> missed;
    for (size_t query = 0; query < pending.size(); ++query) {
      if (!found[query]) missed.push_back(pending[query]);
    }
    pending = std::move(missed);
    if (pending.empty()) return;
  }
  throw InvalidData(
      "nearest: fewer rows than asked for can be ranked, the bank holds NaN or huge values");
}

// Transposes the chosen queries into panels of [dimension][panel_width], padded with zeros.
void NearestSearch::pack(const float* queries, const std::vector<int32_t>& chosen,
                         int32_t dimension) {
  const auto width = static_cast<size_t>(kernels_.panel_width);
  const auto columns = static_cast<size_t>(dimension);
  panel_count_ = static_cast<int32_t>((chosen.size() + width - 1) / width);
  const size_t padded = static_cast<size_t>(panel_count_) * width;
  panels_.reserve(padded * columns);
  for (size_t query = 0; query < padded; ++query) {
    const bool real = query < chosen.size();
    const float* from = real ? queries + static_cast<size_t>(chosen[query]) * columns : nullptr;
    float* to = panels_.data() + query / width * width * columns + query % width;
    for (size_t d = 0; d < columns; ++d) to[d * width] = real ? from[d] : 0.0f;
  }
  thresholds_.assign(padded, kInfinity);
}

void NearestSearch::sample_thresholds(const float* bank, int64_t rows, int32_t dimension,
                                      int32_t batch, int32_t count) {
  const Sample plan = plan_sample(rows, count);
  if (!plan.worthwhile()) {
    std::fill_n(thresholds_.begin(), batch, -kInfinity);
    return;
  }
  const int64_t sample = plan.size, stride = plan.stride, rank = plan.rank;
  const int32_t width = kernels_.panel_width;
  const auto panel_floats = static_cast<size_t>(dimension) * static_cast<size_t>(width);
  pool_.for_each(panel_count_, 1, [&](int thread, int64_t panel, int64_t) {
    Worker& worker = workers_[static_cast<size_t>(thread)];
    worker.sample_scores.reserve(static_cast<size_t>(sample) * static_cast<size_t>(width));
    worker.column.resize(static_cast<size_t>(sample));
    kernels_.score_panel(bank, static_cast<size_t>(stride) * static_cast<size_t>(dimension),
                         static_cast<int32_t>(sample), dimension,
                         panels_.data() + static_cast<size_t>(panel) * panel_floats,
                         worker.sample_scores.data());
    const auto first = static_cast<int32_t>(panel) * width;
    for (int32_t lane = 0; lane < width && first + lane < batch; ++lane) {
      // A NaN would break the selection's order; as -infinity it merely never passes.
      for (size_t row = 0; row < static_cast<size_t>(sample); ++row) {
        const float score =
            worker.sample_scores[row * static_cast<size_t>(width) + static_cast<size_t>(lane)];
        worker.column[row] = std::isnan(score) ? -kInfinity : score;
      }
      const auto at = worker.column.begin() + rank;
      std::nth_element(worker.column.begin(), at, worker.column.end(), std::greater<>());
      // Scores equal to the sampled one must pass: candidates are compared with "greater".
      thresholds_[static_cast<size_t>(first + lane)] = std::nextafter(*at, -kInfinity);
    }
  });
}

void NearestSearch::scan(const float* bank, int64_t rows, int32_t dimension, int32_t batch,
                         int32_t count) {
  const size_t padded = thresholds_.size();
  const auto expected = static_cast<size_t>(count) / workers_.size() * 3 / 2 + 256;
  for (Worker& worker : workers_) {
    worker.thresholds = thresholds_;
    worker.candidates.assign(padded, Candidates{});
    if (worker.storage.size() < padded) worker.storage.resize(padded);
    for (size_t query = 0; query < static_cast<size_t>(batch); ++query) {
      auto& storage = worker.storage[query];
      if (storage.size() < expected) storage.resize(expected);
      worker.candidates[query] = {storage.data(), 0, static_cast<int32_t>(storage.size())};
    }
  }
  // Small banks are cut into smaller pieces, so that every thread gets several.
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  const int64_t grain =
      std::clamp<int64_t>(blocks / (4 * std::ssize(workers_)), 1, kBlocksPerPiece);
  pool_.for_each(blocks, grain, [&](int thread, int64_t begin, int64_t end) {
    Worker& worker = workers_[static_cast<size_t>(thread)];
    ThreadLists lists(worker, count);
    const int64_t last = std::min(end * kBlockRows, rows);
    for (int64_t first = begin * kBlockRows; first < last; first += kBlockRows) {
      const int64_t next = std::min(first + kBlockRows, last);
      kernels_.scan({.rows = bank + static_cast<size_t>(first) * static_cast<size_t>(dimension),
                     .stride = static_cast<size_t>(dimension),
                     .count = static_cast<int32_t>(next - first),
                     .following = static_cast<int32_t>(last - next),
                     .first_id = static_cast<int32_t>(first),
                     .dimension = dimension,
                     .panels = panels_.data(),
                     .panel_count = panel_count_,
                     .thresholds = worker.thresholds.data(),
                     .candidates = worker.candidates.data(),
                     .overflow = &lists});
    }
  });
}

// Cuts the threads' lists of one query to the best `count`; false when there are fewer.
bool NearestSearch::finish(int32_t query, int32_t count, Order order, int thread, int32_t* ids,
                           float* scores) {
  Worker& own = workers_[static_cast<size_t>(thread)];
  own.keys.clear();
  for (const Worker& worker : workers_) {
    const Candidates& list = worker.candidates[static_cast<size_t>(query)];
    own.keys.insert(own.keys.end(), list.keys, list.keys + list.size);
  }
  const auto wanted = static_cast<size_t>(count);
  if (own.keys.size() < wanted) return false;
  const RankKey worst = nth_best(own.keys, wanted, own.scratch);

  // Each thread's list ascends by id already: drop what did not make it and merge the lists.
  const auto by_id = [](RankKey a, RankKey b) { return rank_id(a) < rank_id(b); };
  own.sorted.clear();
  for (const Worker& worker : workers_) {
    const Candidates& list = worker.candidates[static_cast<size_t>(query)];
    own.keys.clear();
    std::copy_if(list.keys, list.keys + list.size, std::back_inserter(own.keys),
                 [&](RankKey key) { return key >= worst; });
    own.merged.resize(own.sorted.size() + own.keys.size());
    std::merge(own.sorted.begin(), own.sorted.end(), own.keys.begin(), own.keys.end(),
               own.merged.begin(), by_id);
    own.sorted.swap(own.merged);
  }
  if (order == Order::kSimilarity) sort_by_rank(own.sorted, own.scratch);
  for (size_t j = 0; j < wanted; ++j) {
    ids[j] = rank_id(own.sorted[j]);
    scores[j] = rank_score(own.sorted[j]);
  }
  return true;
}

}  // namespace invp::bank
