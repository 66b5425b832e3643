#include "walk.h"

#include <algorithm>
#include <string>
#include <vector>

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
      // Read once: another thread may write the graph between a check and a second read.
      const int32_t id = *static_cast<const volatile int32_t*>(row + n);
      if (id < 0 || id >= walk.rows) {
        throw InvalidData("graph row " + std::to_string(ids[j]) + " names image " +
                          std::to_string(id) + ", allowed: 0 to " + std::to_string(walk.rows - 1));
      }
      *out++ = id;
    }
  }
  return count * walk.neighbours;
}

/* Goes breadth first from one anchor: each image once, without the anchor. */
class BreadthFirst {
 public:
  explicit BreadthFirst(int32_t anchor) : anchor_(anchor) {}

  /* Takes what a hop reached, in any order and with repeats. found[0, size) ascends, with room for
   * all of it; what is new is merged into it and returned, ascending. */
  const std::vector<int32_t>& absorb(std::vector<int32_t>& reached, int32_t* found, int32_t& size) {
    std::sort(reached.begin(), reached.end());
    reached.erase(std::unique(reached.begin(), reached.end()), reached.end());
    fresh_.clear();
    std::set_difference(reached.begin(), reached.end(), found, found + size,
                        std::back_inserter(fresh_));
    std::erase(fresh_, anchor_);
    std::copy(fresh_.begin(), fresh_.end(), found + size);
    const int32_t grown = size + static_cast<int32_t>(fresh_.size());
    std::inplace_merge(found, found + size, found + grown);
    size = grown;
    return fresh_;
  }

 private:
  const int32_t anchor_;
  std::vector<int32_t> fresh_;
};

/* How many ids stand before the padding. */
int32_t length(const int32_t* ids, int32_t width) {
  return static_cast<int32_t>(std::find(ids, ids + width, -1) - ids);
}

void require_room(int64_t needed, int32_t width) {
  require(needed <= width, "walk: more images were reached than there is room for");
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
    // The hops lead on from memory of our own, which nobody else changes.
    std::vector<int32_t> reached(static_cast<size_t>(width));
    for (int64_t b = begin; b < end; ++b) {
      int32_t* out = reached.data();
      const int32_t* layer = &anchors[b];
      int32_t size = 1;
      for (int32_t step = 0; step < walk.steps; ++step) {
        size = append_neighbours(walk, layer, size, out);
        layer = out;
        out += size;
      }
      std::copy(reached.begin(), reached.end(), positives + b * width);
    }
  });
}

void walk_breadth_first(ThreadPool& pool, const Walk& walk, const int32_t* anchors, int32_t batch,
                        int32_t* positives) {
  const int32_t width = walk_width(walk.neighbours, walk.steps);
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      int32_t* found = positives + b * width;
      int32_t size = 0;
      BreadthFirst search(anchors[b]);
      std::vector<int32_t> layer{anchors[b]}, reached;
      for (int32_t step = 0; step < walk.steps && !layer.empty(); ++step) {
        reached.resize(layer.size() * static_cast<size_t>(walk.neighbours));
        append_neighbours(walk, layer.data(), static_cast<int32_t>(layer.size()), reached.data());
        layer = search.absorb(reached, found, size);
      }
      std::fill(found + size, found + width, -1);
    }
  });
}

void walk_hop(ThreadPool& pool, const Hop& hop, const int32_t* anchors, int32_t batch,
              int32_t* layers, int32_t* positives) {
  // What each anchor's layer holds is read once: another thread may change it meanwhile.
  std::vector<int64_t> first(static_cast<size_t>(batch) + 1);
  for (int64_t b = 0; b < batch; ++b) {
    const auto at = static_cast<size_t>(b);
    first[at + 1] = first[at] + length(layers + b * hop.width, hop.width);
  }
  require(first.back() == hop.images, "images must be the number of ids in layers");
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      int32_t* const layer = layers + b * hop.width;
      int32_t* const found = positives + b * hop.width;
      int32_t size = length(found, hop.width);
      const auto at = static_cast<size_t>(b);
      std::vector<int32_t> reached(hop.rows + first[at] * hop.neighbours,
                                   hop.rows + first[at + 1] * hop.neighbours);
      if (!hop.breadth_first) {
        require_room(size + std::ssize(reached), hop.width);
        std::copy(reached.begin(), reached.end(), found + size);
      } else {
        // Room for the new ones is asked for before they are merged.
        std::vector<int32_t> grown(found, found + size);
        grown.resize(static_cast<size_t>(size) + reached.size());
        reached = BreadthFirst(anchors[b]).absorb(reached, grown.data(), size);
        require_room(size, hop.width);
        std::copy_n(grown.begin(), size, found);
      }
      require_room(std::ssize(reached), hop.width);
      std::copy(reached.begin(), reached.end(), layer);
      std::fill(layer + reached.size(), layer + hop.width, -1);
    }
  });
}

}  // namespace invp::bank
