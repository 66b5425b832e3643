#include "walk.h"

#include <algorithm>
#include <string>

#include "guard.h"
#include "invp/bank.h"

namespace invp::bank {
namespace {

constexpr int64_t kAnchorsPerPiece = 16;

// Writes the neighbours of ids[0, count) one after the other; returns how many.
int32_t append_neighbours(const Walk& walk, const int32_t* ids, int32_t count, int32_t* out) {
  for (int32_t j = 0; j < count; ++j) {
    const int32_t* row =
        walk.graph + static_cast<size_t>(ids[j]) * static_cast<size_t>(walk.neighbours);
    for (int32_t n = 0; n < walk.neighbours; ++n) {
      if (row[n] < 0 || row[n] >= walk.rows) {
        throw InvalidData("graph row " + std::to_string(ids[j]) + " names image " +
                          std::to_string(row[n]) + ", allowed: 0 to " +
                          std::to_string(walk.rows - 1));
      }
      *out++ = row[n];
    }
  }
  return count * walk.neighbours;
}

}  // namespace

int32_t walk_width(int32_t neighbours, int32_t steps) {
  require(neighbours >= 1, "walk: neighbours must be at least 1");
  require(steps >= 1, "walk: steps must be at least 1");
  int64_t width = 0, layer = 1;
  for (int32_t step = 0; step < steps; ++step) {
    layer *= neighbours;
    width += layer;
    require(width <= INVP_BANK_MAX_WALK,
            "walk: neighbours and steps give more than 1048576 ids per anchor");
  }
  return static_cast<int32_t>(width);
}

void walk_concatenated(ThreadPool& pool, const Walk& walk, const int32_t* anchors, int32_t batch,
                       int32_t* positives) {
  const int32_t width = walk_width(walk.neighbours, walk.steps);
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      int32_t* out = positives + b * width;
      const int32_t* layer = &anchors[b];
      int32_t size = 1;
      for (int32_t step = 0; step < walk.steps; ++step) {
        size = append_neighbours(walk, layer, size, out);
        layer = out;
        out += size;
      }
    }
  });
}

void walk_breadth_first(ThreadPool& pool, const Walk& walk, const int32_t* anchors, int32_t batch,
                        int32_t* positives) {
  const int32_t width = walk_width(walk.neighbours, walk.steps);
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      // found[0, size) ascends; each hop's new images replace `layer` and are merged into it.
      int32_t* found = positives + b * width;
      int32_t size = 0;
      std::vector<int32_t> layer{anchors[b]}, reached, fresh;
      for (int32_t step = 0; step < walk.steps && !layer.empty(); ++step) {
        reached.resize(layer.size() * static_cast<size_t>(walk.neighbours));
        append_neighbours(walk, layer.data(), static_cast<int32_t>(layer.size()), reached.data());
        std::sort(reached.begin(), reached.end());
        reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
        fresh.clear();
        std::set_difference(reached.begin(), reached.end(), found, found + size,
                            std::back_inserter(fresh));
        std::erase(fresh, anchors[b]);
        std::copy(fresh.begin(), fresh.end(), found + size);
        const int32_t grown = size + static_cast<int32_t>(fresh.size());
        std::inplace_merge(found, found + size, found + grown);
        size = grown;
        layer.swap(fresh);
      }
      std::fill(found + size, found + width, -1);
    }
  });
}

}  // namespace invp::bank
