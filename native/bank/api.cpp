/* The C interface of invp/bank.h: checks arguments, takes the engine's lock, calls the stage. */
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "arrays.h"
#include "engine.h"
#include "guard.h"
#include "invp/bank.h"
#include "objective.h"
#include "peak.h"
#include "rows.h"
#include "select.h"
#include "shard_objective.h"
#include "walk.h"
#include "weighted_rows.h"

using invp::guard;
using invp::reads;
using invp::require;
using invp::require_arrays;
using invp::writes;
using namespace invp::bank;

struct invp_bank_engine : Engine {
  using Engine::Engine;
};

namespace {

constexpr int64_t kMaxRows = std::numeric_limits<int32_t>::max();
/* The range of ids that are copied and checked later, or that are no places. */
constexpr int64_t kAnyFirst = std::numeric_limits<int32_t>::min(), kAnyEnd = kMaxRows + 1;

template <typename Body>
int32_t with_engine(invp_bank_engine* engine, Body&& body) {
  return guard([&] {
    require(engine != nullptr, "the bank engine is NULL");
    const std::lock_guard lock(engine->mutex);
    body(*engine);
  });
}

void require_shape(int64_t rows, int32_t dimension) {
  require(rows >= 1 && rows <= kMaxRows, "rows must be 1 to 2147483647");
  require(dimension >= 1, "dimension must be at least 1");
}

/* Each anchor's list must leave `neighbours` ids when the anchor itself is taken out. */
void require_others(const int32_t* anchors, const int32_t* nearest, int32_t batch,
                    int32_t nearest_count, int32_t neighbours) {
  for (int64_t b = 0; b < batch; ++b) {
    const int32_t* list = nearest + b * nearest_count;
    if (std::count(list, list + nearest_count, anchors[b]) > nearest_count - neighbours) {
      throw std::invalid_argument("anchor " + std::to_string(anchors[b]) +
                                  " is several times among its nearest, which leaves fewer than " +
                                  std::to_string(neighbours) + " others");
    }
  }
}

void require_mode(int32_t mode) {
  require(mode == INVP_BANK_MODE_PAPER || mode == INVP_BANK_MODE_OFFICIAL,
          "mode must be paper or official");
}

void require_temperature(float temperature) {
  require(temperature >= std::numeric_limits<float>::min() && std::isfinite(temperature),
          "temperature must be at least 1.2e-38 and finite");
}

void require_weight(float invariance_weight) {
  require(invariance_weight >= 0 && std::isfinite(invariance_weight),
          "invariance_weight must be at least 0 and finite");
}

void require_shard(int32_t rank, int32_t ranks) {
  require(ranks >= 1 && rank >= 0 && rank < ranks, "rank must be 0 to ranks - 1");
}

const int32_t* shard_counts(Engine& e, const int32_t* counts, int32_t batch,
                            int32_t nearest_count) {
  return e.counts.copy(e.pool, "count of nearest rows", counts, batch, 0,
                       int64_t{nearest_count} + 1);
}

/* The ids of a shard's stage, copied and checked. */
struct ShardIds {
  const int32_t *anchors, *nearest, *counts, *chosen;
};

ShardIds shard_ids(Engine& e, const Shard& shard, const int32_t* anchors, int32_t batch,
                   const int32_t* nearest, int32_t nearest_count, const int32_t* counts,
                   const int32_t* chosen, int32_t chosen_count) {
  const ShardIds ids{
      e.anchors.copy(e.pool, "anchor", anchors, batch, 0, kMaxRows),
      e.nearest.copy(e.pool, "nearest id", nearest, int64_t{batch} * nearest_count, kAnyFirst,
                     kAnyEnd),
      shard_counts(e, counts, batch, nearest_count),
      e.others.copy(e.pool, "chosen id", chosen, int64_t{batch} * chosen_count, -1, kMaxRows)};
  require_ascending(e.pool, "nearest id", ids.nearest, batch, nearest_count, ids.counts,
                    shard.rows_of(kMaxRows));
  require_padded("chosen id", ids.chosen, batch, chosen_count);
  return ids;
}

}  // namespace

INVP_EXPORT int32_t invp_bank_abi_version(void) { return INVP_BANK_ABI_VERSION; }

INVP_EXPORT int64_t invp_bank_build_info(char* buffer, int64_t capacity) {
  int64_t length = 0;
  guard([&] {
    length = invp::copy_text(std::string("invp_bank " INVP_VERSION " ") + best_kernels().name,
                             buffer, capacity);
  });
  return length;
}

INVP_EXPORT int64_t invp_bank_last_error(char* buffer, int64_t capacity) {
  return invp::copy_text(invp::last_error(), buffer, capacity);
}

INVP_EXPORT int32_t invp_bank_engine_create(int32_t threads, invp_bank_engine** engine) {
  return guard([&] {
    require(engine != nullptr, "engine is NULL");
    require(threads >= 1 && threads <= 1024, "threads must be 1 to 1024");
    *engine = std::make_unique<invp_bank_engine>(threads, best_kernels()).release();
  });
}

INVP_EXPORT int32_t invp_bank_engine_destroy(invp_bank_engine* engine) {
  return guard([&] { std::unique_ptr<invp_bank_engine>{engine}.reset(); });
}

INVP_EXPORT int32_t invp_bank_fill_random(invp_bank_engine* engine, float* bank, int64_t rows,
                                          int32_t dimension, uint64_t seed) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require_arrays({writes("bank", bank, rows, dimension)});
    fill_random(e.pool, bank, rows, dimension, seed, 0, 1);
  });
}

INVP_EXPORT int32_t invp_bank_fill_random_part(invp_bank_engine* engine, float* bank, int64_t rows,
                                               int32_t dimension, uint64_t seed, int64_t first,
                                               int64_t stride) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require_arrays({writes("bank", bank, rows, dimension)});
    require(first >= 0 && first <= kMaxRows && stride >= 1 && stride <= kMaxRows,
            "first must be 0 or more, stride at least 1");
    fill_random(e.pool, bank, rows, dimension, seed, first, stride);
  });
}

INVP_EXPORT int32_t invp_bank_check_finite(invp_bank_engine* engine, const float* bank,
                                           int64_t rows, int32_t dimension) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require_arrays({reads("bank", bank, rows, dimension)});
    check_finite(e.pool, "bank row", bank, rows, dimension);
  });
}

INVP_EXPORT int32_t invp_bank_normalise(invp_bank_engine* engine, const float* embeddings,
                                        int32_t batch, int32_t dimension, float* unit, float* norms,
                                        double* mean_cosine) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(batch, dimension);
    // In place as a whole is allowed.
    const int32_t apart = embeddings == unit ? 0 : dimension;
    require_arrays({reads("embeddings", embeddings, batch, apart),
                    writes("unit", unit, batch, dimension), writes("norms", norms, batch),
                    writes("mean_cosine", mean_cosine, 1)});
    *mean_cosine = normalise(e.pool, embeddings, batch, dimension, unit, norms);
  });
}

INVP_EXPORT int32_t invp_bank_mean_cosine(invp_bank_engine* engine, const float* unit,
                                          int32_t batch, int32_t dimension, double* cosine) {
  return with_engine(engine, [&](Engine&) {
    require_shape(batch, dimension);
    require_arrays({reads("unit", unit, batch, dimension), writes("cosine", cosine, 1)});
    *cosine = mean_cosine(unit, batch, dimension);
  });
}

INVP_EXPORT int32_t invp_bank_nearest(invp_bank_engine* engine, const float* bank, int64_t rows,
                                      int32_t dimension, const float* queries, int32_t batch,
                                      int32_t count, int32_t order, int32_t* ids, float* scores) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require(batch >= 1, "batch must be at least 1");
    if (count < 1 || count > rows) {
      throw std::invalid_argument("count of nearest rows is " + std::to_string(count) +
                                  ", allowed: 1 to the bank's " + std::to_string(rows) + " rows");
    }
    require(order == INVP_BANK_ORDER_SIMILARITY || order == INVP_BANK_ORDER_ID,
            "unknown order of nearest rows");
    require_arrays({reads("bank", bank, rows, dimension),
                    reads("queries", queries, batch, dimension), writes("ids", ids, batch, count),
                    writes("scores", scores, batch, count)});
    check_finite(e.pool, "query", queries, batch, dimension);
    e.search.run(bank, rows, dimension, queries, batch, count,
                 order == INVP_BANK_ORDER_ID ? Order::kId : Order::kSimilarity, ids, scores);
  });
}

INVP_EXPORT int32_t invp_bank_walk_width(int32_t neighbours, int32_t steps, int32_t* width) {
  return guard([&] {
    require(width != nullptr, "width is NULL");
    *width = walk_width(neighbours, steps);
  });
}

INVP_EXPORT int32_t invp_bank_walk(invp_bank_engine* engine, const int32_t* graph, int64_t rows,
                                   int32_t neighbours, const int32_t* anchors, int32_t batch,
                                   int32_t steps, int32_t mode, int32_t* positives) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, neighbours);
    require(batch >= 1, "batch must be at least 1");
    require_mode(mode);
    require_arrays({reads("graph", graph, rows, neighbours), reads("anchors", anchors, batch),
                    writes("positives", positives, batch, walk_width(neighbours, steps))});
    const Walk walk{graph, rows, neighbours, steps};
    (mode == INVP_BANK_MODE_PAPER ? walk_breadth_first : walk_concatenated)(
        e.pool, walk, e.anchors.copy(e.pool, "anchor", anchors, batch, 0, rows), batch, positives);
  });
}

INVP_EXPORT int32_t invp_bank_walk_hop(invp_bank_engine* engine, const int32_t* anchors,
                                       int32_t batch, const int32_t* rows, int64_t images,
                                       int32_t neighbours, int32_t mode, int32_t width,
                                       int32_t* layers, int32_t* positives) {
  return with_engine(engine, [&](Engine& e) {
    require(batch >= 1 && neighbours >= 1 && width >= 1,
            "batch, neighbours and width must be at least 1");
    require_mode(mode);
    require_arrays({reads("anchors", anchors, batch), reads("rows", rows, images, neighbours),
                    writes("layers", layers, batch, width),
                    writes("positives", positives, batch, width)});
    walk_hop(e.pool, {rows, images, neighbours, width, mode == INVP_BANK_MODE_PAPER}, anchors,
             batch, layers, positives);
  });
}

INVP_EXPORT int32_t invp_bank_score(invp_bank_engine* engine, const float* bank, int64_t rows,
                                    int32_t dimension, const float* unit, int32_t batch,
                                    const int32_t* ids, int32_t width, float* scores) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require(batch >= 1 && width >= 1, "batch and width must be at least 1");
    require_arrays({reads("bank", bank, rows, dimension), reads("unit", unit, batch, dimension),
                    reads("ids", ids, batch, width), writes("scores", scores, batch, width)});
    const int32_t* const scored =
        e.others.copy(e.pool, "id", ids, int64_t{batch} * width, -1, rows);
    e.pool.for_each(batch, 8, [&](int, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        e.kernels.score_rows(bank, dimension, unit + b * dimension, scored + b * width, width,
                             scores + b * width);
      }
    });
  });
}

INVP_EXPORT int32_t invp_bank_select(invp_bank_engine* engine, const int32_t* anchors,
                                     const int32_t* ids, const float* scores, int32_t batch,
                                     int32_t width, int32_t count, int32_t selection, uint64_t draw,
                                     int32_t* chosen, float* chosen_scores) {
  return with_engine(engine, [&](Engine& e) {
    require(batch >= 1 && width >= 1 && count >= 1, "batch, width and count must be at least 1");
    require(selection >= INVP_BANK_SELECTION_HARD && selection <= INVP_BANK_SELECTION_RANDOM,
            "selection must be INVP_BANK_SELECTION_HARD, _EASY or _RANDOM");
    require_arrays({reads("anchors", anchors, batch), reads("ids", ids, batch, width),
                    reads("scores", scores, batch, width), writes("chosen", chosen, batch, count),
                    writes("chosen_scores", chosen_scores, batch, count)});
    select_positives(e.pool, {anchors, ids, scores, width, count, selection, draw}, batch, chosen,
                     chosen_scores);
  });
}

INVP_EXPORT int32_t invp_bank_objective(invp_bank_engine* engine, const float* bank, int64_t rows,
                                        int32_t dimension, const int32_t* anchors, int32_t batch,
                                        const float* unit, const float* norms,
                                        const float* own_scores, const int32_t* nearest,
                                        const float* nearest_scores, int32_t nearest_count,
                                        const int32_t* positives, int32_t positives_width,
                                        const int32_t* chosen, const float* chosen_scores,
                                        int32_t chosen_count, int32_t mode, int32_t exclusive,
                                        float temperature, float invariance_weight,
                                        double* loss_ins, double* loss_inv, float* gradient) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require(batch >= 1 && nearest_count >= 1 && positives_width >= 1 && chosen_count >= 1,
            "batch, nearest_count, positives_width and chosen_count must be at least 1");
    require_mode(mode);
    require_temperature(temperature);
    require_weight(invariance_weight);
    require_arrays({reads("bank", bank, rows, dimension), reads("anchors", anchors, batch),
                    reads("unit", unit, batch, dimension), reads("norms", norms, batch),
                    reads("own_scores", own_scores, batch),
                    reads("nearest", nearest, batch, nearest_count),
                    reads("nearest_scores", nearest_scores, batch, nearest_count),
                    reads("positives", positives, batch, positives_width),
                    reads("chosen", chosen, batch, chosen_count),
                    reads("chosen_scores", chosen_scores, batch, chosen_count),
                    writes("loss_ins", loss_ins, 1), writes("loss_inv", loss_inv, 1),
                    writes("gradient", gradient, batch, dimension)});
    const int32_t* const own = e.anchors.copy(e.pool, "anchor", anchors, batch, 0, rows);
    const int32_t* const near =
        e.nearest.copy(e.pool, "nearest id", nearest, int64_t{batch} * nearest_count, 0, rows);
    require_ascending(e.pool, "nearest id", near, batch, nearest_count, nullptr, rows);
    const int32_t* const picked =
        e.others.copy(e.pool, "chosen id", chosen, int64_t{batch} * chosen_count, -1, rows);
    require_padded("chosen id", picked, batch, chosen_count);
    const Losses losses =
        objective(e.pool, e.kernels, {mode, exclusive != 0, temperature, invariance_weight},
                  {bank, rows, dimension, own, batch, unit, norms, own_scores, near, nearest_scores,
                   nearest_count, positives, positives_width, picked, chosen_scores, chosen_count},
                  e.objective_scratch, gradient);
    *loss_ins = losses.instance;
    *loss_inv = losses.invariance;
  });
}

INVP_EXPORT int32_t invp_bank_shard_maxima(invp_bank_engine* engine, int32_t rank, int32_t ranks,
                                           const int32_t* anchors, int32_t batch,
                                           const int32_t* positives, int32_t positives_width,
                                           int32_t* nearest, float* nearest_scores,
                                           int32_t nearest_count, const int32_t* counts,
                                           int32_t mode, int32_t exclusive, float* maxima) {
  return with_engine(engine, [&](Engine& e) {
    require_shard(rank, ranks);
    require(batch >= 1 && nearest_count >= 1 && positives_width >= 1,
            "batch, nearest_count and positives_width must be at least 1");
    require_mode(mode);
    require_arrays({reads("anchors", anchors, batch),
                    reads("positives", positives, batch, positives_width),
                    writes("nearest", nearest, batch, nearest_count),
                    writes("nearest_scores", nearest_scores, batch, nearest_count),
                    reads("counts", counts, batch), writes("maxima", maxima, batch, 2)});
    const Shard shard{rank, ranks};
    const int32_t* const own = e.anchors.copy(e.pool, "anchor", anchors, batch, 0, kMaxRows);
    const int32_t* const valid = shard_counts(e, counts, batch, nearest_count);
    sort_by_id(e.pool, nearest, nearest_scores, batch, nearest_count, valid,
               shard.rows_of(kMaxRows));
    shard_maxima(e.pool, e.kernels, {mode, exclusive != 0, 1, 0}, shard,
                 {own, batch, nullptr, nullptr, positives, positives_width, nullptr, nullptr, 0},
                 {nearest, nearest_scores, nearest_count, valid}, maxima);
  });
}

INVP_EXPORT int32_t invp_bank_shard_sums(
    invp_bank_engine* engine, int32_t rank, int32_t ranks, const int32_t* anchors, int32_t batch,
    const float* own_scores, const int32_t* positives, int32_t positives_width,
    const int32_t* nearest, const float* nearest_scores, int32_t nearest_count,
    const int32_t* counts, const int32_t* chosen, const float* chosen_scores, int32_t chosen_count,
    const float* maxima, int32_t mode, int32_t exclusive, float temperature, double* sums) {
  return with_engine(engine, [&](Engine& e) {
    require_shard(rank, ranks);
    require(batch >= 1 && nearest_count >= 1 && positives_width >= 1 && chosen_count >= 1,
            "batch, nearest_count, positives_width and chosen_count must be at least 1");
    require_mode(mode);
    require_temperature(temperature);
    require_arrays({reads("anchors", anchors, batch), reads("own_scores", own_scores, batch),
                    reads("positives", positives, batch, positives_width),
                    reads("nearest", nearest, batch, nearest_count),
                    reads("nearest_scores", nearest_scores, batch, nearest_count),
                    reads("counts", counts, batch), reads("chosen", chosen, batch, chosen_count),
                    reads("chosen_scores", chosen_scores, batch, chosen_count),
                    reads("maxima", maxima, batch, 2), writes("sums", sums, batch, 2)});
    const Shard shard{rank, ranks};
    const ShardIds ids =
        shard_ids(e, shard, anchors, batch, nearest, nearest_count, counts, chosen, chosen_count);
    shard_sums(e.pool, e.kernels, {mode, exclusive != 0, temperature, 0}, shard,
               {ids.anchors, batch, own_scores, nullptr, positives, positives_width, ids.chosen,
                chosen_scores, chosen_count},
               {ids.nearest, nearest_scores, nearest_count, ids.counts}, maxima, sums);
  });
}

INVP_EXPORT int32_t invp_bank_shard_weights(
    invp_bank_engine* engine, int32_t rank, int32_t ranks, const int32_t* anchors, int32_t batch,
    const float* own_scores, const int32_t* own_inside, const int32_t* positives,
    int32_t positives_width, const int32_t* nearest, const float* nearest_scores,
    int32_t nearest_count, const int32_t* counts, const int32_t* chosen, const float* chosen_scores,
    int32_t chosen_count, const float* maxima, const double* sums, int32_t mode, int32_t exclusive,
    float temperature, float invariance_weight, double* losses, int32_t* rows, float* weights,
    int32_t* row_counts) {
  return with_engine(engine, [&](Engine& e) {
    require_shard(rank, ranks);
    require(batch >= 1 && nearest_count >= 1 && positives_width >= 1 && chosen_count >= 1,
            "batch, nearest_count, positives_width and chosen_count must be at least 1");
    require_mode(mode);
    require_temperature(temperature);
    require_weight(invariance_weight);
    const int64_t width = int64_t{nearest_count} + 1 + chosen_count;
    require(width <= kMaxRows, "nearest_count and chosen_count are too large together");
    require_arrays({reads("anchors", anchors, batch), reads("own_scores", own_scores, batch),
                    reads("own_inside", own_inside, batch),
                    reads("positives", positives, batch, positives_width),
                    reads("nearest", nearest, batch, nearest_count),
                    reads("nearest_scores", nearest_scores, batch, nearest_count),
                    reads("counts", counts, batch), reads("chosen", chosen, batch, chosen_count),
                    reads("chosen_scores", chosen_scores, batch, chosen_count),
                    reads("maxima", maxima, batch, 2), reads("sums", sums, batch, 2),
                    writes("losses", losses, batch, 2), writes("rows", rows, batch, width),
                    writes("weights", weights, batch, width),
                    writes("row_counts", row_counts, batch)});
    const Shard shard{rank, ranks};
    const ShardIds ids =
        shard_ids(e, shard, anchors, batch, nearest, nearest_count, counts, chosen, chosen_count);
    shard_weights(e.pool, e.kernels, {mode, exclusive != 0, temperature, invariance_weight}, shard,
                  {ids.anchors, batch, own_scores, own_inside, positives, positives_width,
                   ids.chosen, chosen_scores, chosen_count},
                  {ids.nearest, nearest_scores, nearest_count, ids.counts}, maxima, sums, losses,
                  {rows, weights, static_cast<int32_t>(width), row_counts});
  });
}

INVP_EXPORT int32_t invp_bank_weighted_rows(invp_bank_engine* engine, const float* bank,
                                            int64_t rows, int32_t dimension, const int32_t* ids,
                                            const float* weights, int32_t batch, int32_t width,
                                            const int32_t* counts, float* sums) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require(batch >= 1 && width >= 1, "batch and width must be at least 1");
    require_arrays({reads("bank", bank, rows, dimension), reads("ids", ids, batch, width),
                    reads("weights", weights, batch, width), reads("counts", counts, batch),
                    writes("sums", sums, batch, dimension)});
    const int32_t* const valid =
        e.counts.copy(e.pool, "count of rows", counts, batch, 0, int64_t{width} + 1);
    const int32_t* const lists =
        e.others.copy(e.pool, "row id", ids, int64_t{batch} * width, kAnyFirst, kAnyEnd);
    require_ascending(e.pool, "row id", lists, batch, width, valid, rows);
    sum_weighted_rows(e.pool, e.kernels, {bank, rows, dimension, lists, weights, width, valid},
                      batch, sums);
  });
}

INVP_EXPORT int32_t invp_bank_project(invp_bank_engine* engine, const float* unit,
                                      const float* norms, int32_t batch, int32_t dimension,
                                      float temperature, int64_t total, float* gradient) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(batch, dimension);
    require_arrays({reads("unit", unit, batch, dimension), reads("norms", norms, batch),
                    writes("gradient", gradient, batch, dimension)});
    require_temperature(temperature);
    require(total >= batch, "total must be at least batch");
    e.pool.for_each(batch, 32, [&](int, int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        project(gradient + b * dimension, unit + b * dimension, norms[b], dimension, temperature,
                total);
      }
    });
  });
}

INVP_EXPORT int32_t invp_bank_update_graph(invp_bank_engine* engine, int32_t* graph, int64_t rows,
                                           int32_t neighbours, const int32_t* anchors,
                                           int32_t batch, const int32_t* nearest,
                                           const float* nearest_scores, int32_t nearest_count,
                                           int32_t mode) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, neighbours);
    require_mode(mode);
    require(batch >= 1, "batch must be at least 1");
    require(nearest_count > neighbours, "nearest_count must be at least neighbours + 1");
    require_arrays({writes("graph", graph, rows, neighbours), reads("anchors", anchors, batch),
                    reads("nearest", nearest, batch, nearest_count),
                    reads("nearest_scores", nearest_scores, batch, nearest_count)});
    const int32_t* const own = e.anchors.copy(e.pool, "anchor", anchors, batch, 0, rows);
    const int32_t* const near =
        e.nearest.copy(e.pool, "nearest id", nearest, int64_t{batch} * nearest_count, 0, rows);
    require_others(own, near, batch, nearest_count, neighbours);
    update_graph(e.pool,
                 {near, nearest_scores, nearest_count, neighbours, mode == INVP_BANK_MODE_OFFICIAL},
                 own, batch, graph);
  });
}

INVP_EXPORT int32_t invp_bank_graph_rows(invp_bank_engine* engine, const int32_t* anchors,
                                         int32_t batch, const int32_t* candidates,
                                         const float* scores, int32_t count, int32_t neighbours,
                                         int32_t mode, int32_t* rows) {
  return with_engine(engine, [&](Engine& e) {
    require(batch >= 1 && count >= 1 && neighbours >= 1,
            "batch, count and neighbours must be at least 1");
    require_mode(mode);
    require_arrays({reads("anchors", anchors, batch), reads("candidates", candidates, batch, count),
                    reads("scores", scores, batch, count),
                    writes("rows", rows, batch, neighbours)});
    graph_rows(e.pool, {candidates, scores, count, neighbours, mode == INVP_BANK_MODE_OFFICIAL},
               anchors, batch, rows);
  });
}

INVP_EXPORT int32_t invp_bank_update(invp_bank_engine* engine, float* bank, int64_t rows,
                                     int32_t dimension, const int32_t* anchors, int32_t batch,
                                     const float* unit, float momentum) {
  return with_engine(engine, [&](Engine& e) {
    require_shape(rows, dimension);
    require(batch >= 1, "batch must be at least 1");
    require(momentum >= 0 && momentum <= 1, "momentum must be between 0 and 1");
    require_arrays({writes("bank", bank, rows, dimension), reads("anchors", anchors, batch),
                    reads("unit", unit, batch, dimension)});
    const int32_t* const own = e.anchors.copy(e.pool, "anchor", anchors, batch, 0, rows);
    check_finite(e.pool, "embedding", unit, batch, dimension);
    update_bank(e.pool, bank, dimension, own, batch, unit, momentum);
  });
}

INVP_EXPORT int32_t invp_bank_peak_gflops(invp_bank_engine* engine, double seconds,
                                          double* gflops) {
  return with_engine(engine, [&](Engine& e) {
    require(gflops != nullptr, "gflops is NULL");
    require(seconds > 0 && seconds <= 60, "seconds must be above 0, at most 60");
    *gflops = peak_gflops(e.pool, e.kernels, seconds);
  });
}
