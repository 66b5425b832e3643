#include "weighted_rows.h"

#include <algorithm>
#include <vector>

namespace invp::bank {

/*
 * Anchors share rows (at N = 60,000 a row is near to several of a batch), so the bank is walked in
 * blocks that stay in the cache while every anchor takes its rows of them.
 */
void add_weighted_rows(const Kernels& kernels, const WeightedRows& weighted, int64_t begin,
                       int64_t end, float* sums) {
  constexpr int64_t kCachedBytes = int64_t{1} << 18;
  constexpr int64_t kRowsPerTurn = 32;  // with fewer the turns themselves cost more
  const int64_t rows_per_block = std::max(kCachedBytes / (4 * weighted.dimension),
                                          kRowsPerTurn * weighted.rows / weighted.stride) +
                                 1;
  std::vector<int32_t> next(static_cast<size_t>(end - begin));
  for (int64_t limit = rows_per_block; limit < weighted.rows + rows_per_block;
       limit += rows_per_block) {
    for (int64_t b = begin; b < end; ++b) {
      int32_t& from = next[static_cast<size_t>(b - begin)];
      const int32_t* ids = weighted.ids + b * weighted.stride;
      const auto to = static_cast<int32_t>(
          std::lower_bound(ids + from, ids + weighted.count(b), limit,
                           [](int32_t id, int64_t bound) { return id < bound; }) -
          ids);
      kernels.add_rows(weighted.bank, weighted.dimension, ids + from,
                       weighted.weights + b * weighted.stride + from, to - from,
                       sums + b * weighted.dimension);
      from = to;
    }
  }
}

void sum_weighted_rows(ThreadPool& pool, const Kernels& kernels, const WeightedRows& weighted,
                       int32_t batch, float* sums) {
  const int64_t share = (batch + pool.threads() - 1) / pool.threads();
  pool.for_each(batch, share, [&](int, int64_t begin, int64_t end) {
    std::fill(sums + begin * weighted.dimension, sums + end * weighted.dimension, 0.0f);
    add_weighted_rows(kernels, weighted, begin, end, sums);
  });
}

void project(float* gradient, const float* unit, float norm, int32_t dimension, float temperature,
             int64_t batch) {
  double along = 0;
  for (int32_t d = 0; d < dimension; ++d) {
    along += static_cast<double>(gradient[d]) * static_cast<double>(unit[d]);
  }
  const double factor = static_cast<double>(1.0f / temperature) / static_cast<double>(batch) /
                        static_cast<double>(norm);
  for (int32_t d = 0; d < dimension; ++d) {
    gradient[d] = static_cast<float>(
        (static_cast<double>(gradient[d]) - along * static_cast<double>(unit[d])) * factor);
  }
}

}  // namespace invp::bank
