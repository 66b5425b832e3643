#include "rows.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "guard.h"
#include "mix.h"
#include "ranking.h"

namespace invp::bank {
namespace {

constexpr int64_t kRowsPerPiece = 4096;
constexpr int64_t kAnchorsPerPiece = 32;

double dot(const float* a, const float* b, size_t columns) {
  double sum = 0;
  for (size_t d = 0; d < columns; ++d) sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return sum;
}

void require_enough(const GraphCandidates& candidates, int32_t anchor, int64_t found) {
  const int64_t needed = int64_t{candidates.neighbours} + (candidates.official ? 1 : 0);
  if (found < needed) {
    throw std::invalid_argument("anchor " + std::to_string(anchor) + " has " +
                                std::to_string(found) + " candidates for its graph row, needs " +
                                std::to_string(needed));
  }
}

/* The one rule of a graph row: the most similar ones without the anchor; or, of the neighbours + 1
 * most similar, the anchor replaced in place by the last. */
void graph_row(const GraphCandidates& candidates, int64_t b, int32_t anchor,
               std::vector<RankKey>& keys, int32_t* row) {
  const int32_t* const ids = candidates.ids + b * candidates.count;
  const float* const scores = candidates.scores + b * candidates.count;
  keys.clear();
  for (int32_t j = 0; j < candidates.count; ++j) {
    if (ids[j] < 0 || (!candidates.official && ids[j] == anchor)) continue;
    keys.push_back(rank_key(scores[j], ids[j]));
  }
  const auto neighbours = static_cast<size_t>(candidates.neighbours);
  const size_t best = neighbours + (candidates.official ? 1 : 0);
  if (keys.size() < best) {
    throw std::invalid_argument("anchor " + std::to_string(anchor) + " has " +
                                std::to_string(keys.size()) +
                                " candidates for its graph row, needs " + std::to_string(best));
  }
  std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(best), keys.end(),
                    std::greater<>());
  for (size_t n = 0; n < neighbours; ++n) {
    row[n] = rank_id(keys[n]);
    if (candidates.official && row[n] == anchor) row[n] = rank_id(keys[neighbours]);
  }
}

// Positions of the batch whose anchor does not occur again later.
std::vector<int32_t> last_occurrences(const int32_t* anchors, int32_t batch) {
  std::vector<int32_t> order(static_cast<size_t>(batch));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return anchors[a] < anchors[b]; });
  std::vector<int32_t> last;
  for (size_t j = 0; j < order.size(); ++j) {
    if (j + 1 == order.size() || anchors[order[j]] != anchors[order[j + 1]])
      last.push_back(order[j]);
  }
  return last;
}

}  // namespace

void fill_random(ThreadPool& pool, float* bank, int64_t rows, int32_t dimension, uint64_t seed,
                 int64_t first, int64_t stride) {
  const double bound = 1 / std::sqrt(dimension / 3.0);
  const uint64_t key = mix(seed);
  pool.for_each(rows, kRowsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      // Unsigned: the place of a row of a huge whole may wrap.
      const uint64_t place = (static_cast<uint64_t>(first) +
                              static_cast<uint64_t>(row) * static_cast<uint64_t>(stride)) *
                             static_cast<uint64_t>(dimension);
      for (int64_t d = 0; d < dimension; ++d) {
        const uint64_t bits = mix(key ^ (place + static_cast<uint64_t>(d)));
        const double unit = static_cast<double>(bits >> 11) * 0x1p-53;
        bank[row * dimension + d] = static_cast<float>((2 * unit - 1) * bound);
      }
    }
  });
}

void check_finite(ThreadPool& pool, const char* what, const float* rows, int64_t count,
                  int32_t dimension) {
  std::mutex mutex;
  int64_t first_bad = count;
  pool.for_each(count, kRowsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      // 0 * x is 0 for every finite x and NaN otherwise.
      float check = 0;
      for (int32_t d = 0; d < dimension; ++d) check += 0.0f * rows[row * dimension + d];
      if (check == 0) continue;
      const std::lock_guard lock(mutex);
      first_bad = std::min(first_bad, row);
      return;
    }
  });
  if (first_bad < count)
    throw InvalidData(std::string(what) + " " + std::to_string(first_bad) +
                      " holds a NaN or an infinity");
}

double normalise(ThreadPool& pool, const float* rows, int32_t batch, int32_t dimension, float* unit,
                 float* norms) {
  check_finite(pool, "embedding", rows, batch, dimension);
  const auto columns = static_cast<size_t>(dimension);
  for (int32_t b = 0; b < batch; ++b) {
    const float* row = rows + static_cast<size_t>(b) * columns;
    const double norm = std::sqrt(dot(row, row, columns));
    // A norm that float32 cannot hold as a normal number would make the gradient infinite.
    if (norm < 1.2e-38) throw InvalidData("embedding " + std::to_string(b) + " has norm 0");
    norms[b] = static_cast<float>(norm);
    for (size_t d = 0; d < columns; ++d) {
      unit[static_cast<size_t>(b) * columns + d] =
          static_cast<float>(static_cast<double>(row[d]) / norm);
    }
  }
  return mean_cosine(unit, batch, dimension);
}

double mean_cosine(const float* unit, int32_t batch, int32_t dimension) {
  if (batch < 2) return 0;
  const auto columns = static_cast<size_t>(dimension);
  std::vector<double> total(columns);
  for (int32_t b = 0; b < batch; ++b) {
    const float* row = unit + static_cast<size_t>(b) * columns;
    for (size_t d = 0; d < columns; ++d) total[d] += static_cast<double>(row[d]);
  }
  double square = 0;
  for (double value : total) square += value * value;
  return (square - batch) / (static_cast<double>(batch) * (batch - 1));
}

void update_bank(ThreadPool& pool, float* bank, int32_t dimension, const int32_t* anchors,
                 int32_t batch, const float* unit, float momentum) {
  const auto columns = static_cast<size_t>(dimension);
  const std::vector<int32_t> writers = last_occurrences(anchors, batch);
  pool.for_each(std::ssize(writers), kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      const auto b = static_cast<size_t>(writers[static_cast<size_t>(j)]);
      float* row = bank + static_cast<size_t>(anchors[b]) * columns;
      const float* fresh = unit + b * columns;
      for (size_t d = 0; d < columns; ++d) row[d] = momentum * row[d] + (1 - momentum) * fresh[d];
      const double norm = std::sqrt(dot(row, row, columns));
      for (size_t d = 0; d < columns; ++d) {
        row[d] = norm == 0 ? fresh[d] : static_cast<float>(static_cast<double>(row[d]) / norm);
      }
    }
  });
}

void graph_rows(ThreadPool& pool, const GraphCandidates& candidates, const int32_t* anchors,
                int32_t batch, int32_t* rows) {
  // All are looked at before the first row is written.
  for (int64_t b = 0; b < batch; ++b) {
    const int32_t* const ids = candidates.ids + b * candidates.count;
    require_enough(candidates, anchors[b],
                   std::count_if(ids, ids + candidates.count, [&](int32_t id) {
                     return id >= 0 && (candidates.official || id != anchors[b]);
                   }));
  }
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    std::vector<RankKey> keys;
    for (int64_t b = begin; b < end; ++b)
      graph_row(candidates, b, anchors[b], keys, rows + b * candidates.neighbours);
  });
}

void update_graph(ThreadPool& pool, const GraphCandidates& candidates, const int32_t* anchors,
                  int32_t batch, int32_t* graph) {
  const std::vector<int32_t> writers = last_occurrences(anchors, batch);
  pool.for_each(std::ssize(writers), kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    std::vector<RankKey> keys;
    for (int64_t w = begin; w < end; ++w) {
      const int32_t b = writers[static_cast<size_t>(w)];
      graph_row(candidates, b, anchors[b], keys,
                graph + int64_t{anchors[b]} * candidates.neighbours);
    }
  });
}

}  // namespace invp::bank
