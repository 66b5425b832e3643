/*
 * The walk over the neighbour graph from each anchor, a block per anchor.
 *
 * Breadth first: the images met so far are the entries of a hash table with open addressing, in
 * shared memory as long as twice the walk's width fits 4096 places, else in the workspace; who
 * claims a free place first (compareAndSwap) appends the image to the list of found ones, whose
 * newest part is the next hop's frontier. Which thread that is does not matter: a hop's set of
 * images is the same, and the list is sorted at the end.
 *
 * The published concatenation needs no table: every id's place follows from its parent's.
 */
#include "arguments.h"
#include "block.cuh"
#include "invp/bank.h"
#include "rows.cuh"

namespace invp::cuda {
namespace {

constexpr int kSharedPlaces = 4096;

struct Walk {
  const int32_t* graph;
  int64_t rows;
  int neighbours;
  int steps;
  int width;
  int places; /* of the table, a power of two */
};

/* The n-th neighbour of `from`; -1, and a report, if the graph names no image there. */
__device__ inline int32_t neighbour(const Walk& walk, int32_t from, int n, int32_t* verdict) {
  const int32_t id = walk.graph[static_cast<int64_t>(from) * walk.neighbours + n];
  if (id >= 0 && id < walk.rows) return id;
  report(verdict, from);
  return -1;
}

/* Of an anchor that is no image; all threads of its block call. */
__device__ inline void reach_nothing(const Walk& walk, int32_t* found, int32_t* verdicts) {
  if (threadIdx.x == 0) report(verdicts + 1, blockIdx.x);
  for (int i = static_cast<int>(threadIdx.x); i < walk.width; i += kBlockThreads) found[i] = -1;
}

/* True if the id was not in the table yet. */
__device__ inline bool insert(int32_t* table, int places, int32_t id) {
  auto place = (static_cast<uint32_t>(id) * 2654435769u) & static_cast<uint32_t>(places - 1);
  while (true) {
    const int32_t before = atomicCAS(table + place, int32_t{-1}, id);
    if (before == -1) return true;
    if (before == id) return false;
    place = (place + 1) & static_cast<uint32_t>(places - 1);
  }
}

__global__ void __launch_bounds__(kBlockThreads)
    walk_breadth_first_kernel(Walk walk, const int32_t* __restrict__ anchors, int32_t* tables,
                              RankKey* keys, int32_t* positives, int32_t* verdicts) {
  INVP_DYNAMIC_SHARED(int32_t, shared_table);
  INVP_SHARED(BlockScratch, scratch, 1);
  INVP_SHARED(int32_t, counter, 1);
  int32_t* const table = walk.places <= kSharedPlaces
                             ? shared_table
                             : tables + static_cast<int64_t>(blockIdx.x) * walk.places;
  int32_t* const found = positives + static_cast<int64_t>(blockIdx.x) * walk.width;
  const int32_t anchor = anchors[blockIdx.x];
  if (outside(anchor, walk.rows)) return reach_nothing(walk, found, verdicts);
  for (int i = static_cast<int>(threadIdx.x); i < walk.places; i += kBlockThreads) table[i] = -1;
  if (threadIdx.x == 0) *counter = 0;
  __syncthreads();
  if (threadIdx.x == 0 && !mutant(kWalkForgetsAnchor)) insert(table, walk.places, anchor);
  __syncthreads();
  int begin = 0, end = 0;
  for (int step = 0; step < walk.steps; ++step) {
    const int64_t reached = static_cast<int64_t>(step == 0 ? 1 : end - begin) * walk.neighbours;
    for (int64_t i = threadIdx.x; i < reached; i += kBlockThreads) {
      const int32_t from = step == 0 ? anchor : found[begin + i / walk.neighbours];
      const int32_t id = neighbour(walk, from, static_cast<int>(i % walk.neighbours), verdicts);
      if (id >= 0 && insert(table, walk.places, id)) found[atomicAdd(counter, 1)] = id;
    }
    if (!mutant(kWalkRace)) __syncthreads();
    begin = end;
    end = *counter;
    __syncthreads();
  }
  RankKey* const a = keys + static_cast<int64_t>(blockIdx.x) * 2 * walk.width;
  for (int i = static_cast<int>(threadIdx.x); i < end; i += kBlockThreads)
    a[i] = bank::rank_key(0, found[i]);
  __syncthreads();
  const RankKey* const sorted = block_sort(a, a + walk.width, end, walk.rows, false, *scratch);
  for (int i = static_cast<int>(threadIdx.x); i < walk.width; i += kBlockThreads)
    found[i] = i < end ? bank::rank_id(sorted[i]) : -1;
}

__global__ void __launch_bounds__(kBlockThreads)
    walk_concatenated_kernel(Walk walk, const int32_t* __restrict__ anchors, int32_t* positives,
                             int32_t* verdicts) {
  int32_t* const out = positives + static_cast<int64_t>(blockIdx.x) * walk.width;
  const int32_t anchor = anchors[blockIdx.x];
  if (outside(anchor, walk.rows)) return reach_nothing(walk, out, verdicts);
  int parents = 0, begin = 0, size = 1;  // where the last hop lies, where this one begins
  for (int step = 0; step < walk.steps; ++step) {
    size *= walk.neighbours;
    for (int i = static_cast<int>(threadIdx.x); i < size; i += kBlockThreads) {
      const int32_t from = step == 0 ? anchor : out[parents + i / walk.neighbours];
      out[begin + i] = from < 0 ? -1 : neighbour(walk, from, i % walk.neighbours, verdicts);
    }
    __syncthreads();
    parents = begin;
    begin += size;
  }
}

int32_t width_of(int32_t neighbours, int32_t steps) {
  require(neighbours >= 1 && steps >= 1, "neighbours and steps must be at least 1");
  int64_t width = 0, layer = 1;
  for (int32_t step = 0; step < steps; ++step) {
    layer *= neighbours;
    width += layer;
    require(width <= INVP_BANK_MAX_WALK,
            "walk: neighbours and steps give more than 1048576 ids per anchor");
  }
  return static_cast<int32_t>(width);
}

int32_t places_of(int32_t width) {
  int32_t places = 64;
  while (places < 2 * (width + 1)) places *= 2;
  return places;
}

/* Sort keys, then the tables that do not fit shared memory. */
int64_t key_bytes(int32_t batch, int32_t width) { return int64_t{16} * batch * width; }

int64_t workspace_bytes_of(int32_t batch, int32_t width) {
  const int32_t places = places_of(width);
  return key_bytes(batch, width) + (places > kSharedPlaces ? int64_t{4} * batch * places : 0);
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_walk_width(int32_t neighbours, int32_t steps, int32_t* width) {
  return invp::guard([&] {
    require_results(width);
    *width = width_of(neighbours, steps);
  });
}

INVP_EXPORT int32_t invp_cuda_walk_workspace(int32_t batch, int32_t neighbours, int32_t steps,
                                             int64_t* bytes) {
  return invp::guard([&] {
    require_results(bytes);
    require_batch(batch);
    *bytes = workspace_bytes_of(batch, width_of(neighbours, steps));
  });
}

INVP_EXPORT int32_t invp_cuda_walk(void* stream, const int32_t* graph, int64_t rows,
                                   int32_t neighbours, const int32_t* anchors, int32_t batch,
                                   int32_t steps, int32_t mode, void* workspace,
                                   int64_t workspace_bytes, int32_t* positives, int32_t* verdicts) {
  return invp::guard([&] {
    require_shape(rows, 1);
    require_batch(batch);
    require_mode(mode);
    const int32_t width = width_of(neighbours, steps), places = places_of(width);
    require_workspace(workspace_bytes, workspace_bytes_of(batch, width));
    require_device({reads("graph", graph, rows, neighbours), reads("anchors", anchors, batch),
                    writes("workspace", static_cast<unsigned char*>(workspace), workspace_bytes),
                    writes("positives", positives, batch, width), writes("verdicts", verdicts, 2)});
    zero(stream, verdicts, 2 * sizeof(int32_t));
    const Walk walk{graph, rows, neighbours, steps, width, places};
    const dim3 grid(static_cast<unsigned>(batch));
    if (mode == INVP_CUDA_MODE_OFFICIAL) {
      INVP_LAUNCH(walk_concatenated_kernel, grid, dim3(kBlockThreads), 0, stream, walk, anchors,
                  positives, verdicts);
      return;
    }
    auto* const keys = static_cast<RankKey*>(workspace);
    auto* const tables = reinterpret_cast<int32_t*>(static_cast<unsigned char*>(workspace) +
                                                    key_bytes(batch, width));
    const size_t shared = places <= kSharedPlaces ? 4 * static_cast<size_t>(places) : 0;
    INVP_LAUNCH(walk_breadth_first_kernel, grid, dim3(kBlockThreads), shared, stream, walk, anchors,
                tables, keys, positives, verdicts);
  });
}
