/*
 * Losses and gradient (the formulas are those of invp_bank_objective). Three kernels:
 *
 *   weights   a block per anchor: exponentials, their sums, and from them the weight of every row
 * in the gradient; gradient  a block per anchor and 128 columns: the weighted sum of up to M
 * gathered rows, a thread per column. A row is 512 bytes that lie together, read by whole warps;
 * sixteen rows are asked for before the first is added, since nothing else hides the latency of a
 * gather. Each column adds in ascending id order; project   through the normalisation, and the
 * means of the losses.
 *
 * Sums are in double and in the CPU engine's order (sums.cuh), so that the gradient is the same
 * bits.
 */
#include <cmath>

#include "arguments.h"
#include "exponential.cuh"
#include "rows.cuh"
#include "sums.cuh"
#include "weighted_rows.cuh"

namespace invp::cuda {
namespace {

// The published program adds this to both ratios before the logarithm.
constexpr double kOfficialEpsilon = 1e-7;

struct Objective {
  const float* bank;
  int dimension;
  const int32_t* anchors;
  int batch;
  const float* unit;
  const float* norms;
  const float* own_scores;
  const int32_t* nearest;
  const float* nearest_scores;
  int nearest_count;
  const int32_t* positives;
  int positives_width;
  const int32_t* chosen;
  const float* chosen_scores;
  int chosen_count;
  bool official;
  bool exclusive;
  float temperature;
  float invariance_weight;
  /* Workspace. */
  double* losses;        /* [batch, 2] */
  float* exponentials;   /* [batch, nearest_count] */
  float* weights;        /* [batch, nearest_count] */
  float* chosen_weights; /* [batch, chosen_count] */
  float* own_weights;    /* [batch] */
  int32_t* chosen_found; /* [batch]; kRefused where an id is no row of the bank */
  int64_t rows;
  int32_t* verdict;
};

constexpr int32_t kRefused = -1;

/* The number of entries before the first that is at least (or, in a padded list, the first -1). */
__device__ inline int lower_bound(const int32_t* ids, int n, int32_t id) {
  int low = 0, high = n;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (ids[middle] < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

__device__ inline bool contains(const int32_t* ids, int n, int32_t id) {
  const int at = lower_bound(ids, n, id);
  return at < n && ids[at] == id;
}

/* Entries before the padding: a list is full up to some place and -1 from there on. */
__device__ inline int filled(const int32_t* ids, int n) {
  int low = 0, high = n;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (ids[middle] >= 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/* One anchor's data. */
struct Anchor {
  int32_t id;
  float own_score;
  const int32_t* nearest;
  const float* nearest_scores;
  const int32_t* positives;
  int positives_found;
  const float* chosen_scores;
  int chosen_found;
  float* exponentials;
  float* weights;
  float* chosen_weights;
};

struct Losses {
  double instance, invariance, own_weight;
};

/* Of the nearest, what is neither a positive nor (when exclusive) the anchor. */
__device__ inline bool negative(const Objective& o, const Anchor& a, int j) {
  if (o.exclusive && a.nearest[j] == a.id) return false;
  return !contains(a.positives, a.positives_found, a.nearest[j]);
}

__device__ inline void exponentials_of(const float* scores, int n, float shift, float scale,
                                       float* out) {
  for (int j = static_cast<int>(threadIdx.x); j < n; j += kBlockThreads)
    out[j] = exponential(scores[j], shift, scale);
}

__device__ inline void weigh_nearest(const Objective& o, const Anchor& a, double factor) {
  const auto rounded = static_cast<float>(factor);
  for (int j = static_cast<int>(threadIdx.x); j < o.nearest_count; j += kBlockThreads)
    a.weights[j] += rounded * a.exponentials[j];
}

__device__ inline void weigh_chosen(const Anchor& a, double factor) {
  for (int j = static_cast<int>(threadIdx.x); j < a.chosen_found; j += kBlockThreads)
    a.chosen_weights[j] =
        0.0f + static_cast<float>(factor * static_cast<double>(a.chosen_weights[j]));
}

__device__ inline float largest_of(const float* scores, int n, float* warps) {
  float largest = -INFINITY;
  for (int j = static_cast<int>(threadIdx.x); j < n; j += kBlockThreads)
    largest = fmaxf(largest, scores[j]);
  return block_max(largest, warps);
}

__device__ inline Losses paper(const Objective& o, const Anchor& a, float scale, double* partial,
                               float* warps) {
  // L_ins over N_M and i.
  const bool own_inside = contains(a.nearest, o.nearest_count, a.id);
  const float shift = fmaxf(largest_of(a.nearest_scores, o.nearest_count, warps), a.own_score);
  exponentials_of(a.nearest_scores, o.nearest_count, shift, scale, a.exponentials);
  __syncthreads();
  const auto own = static_cast<double>(exponential(a.own_score, shift, scale));
  const double all =
      sum_of_sixteen(a.exponentials, o.nearest_count, partial) + (own_inside ? 0 : own);
  weigh_nearest(o, a, 1 / all);
  double own_weight = 0;
  if (!own_inside) own_weight += own / all;
  own_weight -= 1;
  // Where `own` is too small for a float its logarithm is not.
  const double own_log =
      own > 0 ? log(own) : (static_cast<double>(a.own_score) - static_cast<double>(shift)) * scale;
  const double instance = log(all) - own_log;
  if (a.chosen_found == 0) return {instance, 0, own_weight};

  // L_inv: N_h against B, each with its own shift so that neither sum can vanish.
  const float hard_shift = largest_of(a.chosen_scores, a.chosen_found, warps);
  float all_shift = hard_shift;
  for (int j = static_cast<int>(threadIdx.x); j < o.nearest_count; j += kBlockThreads) {
    if (negative(o, a, j)) all_shift = fmaxf(all_shift, a.nearest_scores[j]);
  }
  all_shift = block_max(all_shift, warps);
  for (int j = static_cast<int>(threadIdx.x); j < o.nearest_count; j += kBlockThreads) {
    a.exponentials[j] =
        negative(o, a, j) ? exponential(a.nearest_scores[j], all_shift, scale) : 0.0f;
  }
  exponentials_of(a.chosen_scores, a.chosen_found, hard_shift, scale, a.chosen_weights);
  __syncthreads();
  const double hard = sum_of_sixteen(a.chosen_weights, a.chosen_found, partial);
  const auto lower = static_cast<double>(exponential(hard_shift, all_shift, scale));
  const double against = sum_of_sixteen(a.exponentials, o.nearest_count, partial) + hard * lower;
  weigh_nearest(o, a, o.invariance_weight / against);
  weigh_chosen(a, o.invariance_weight * (lower / against - 1 / hard));
  const double invariance =
      log(against) - log(hard) +
      (static_cast<double>(all_shift) - static_cast<double>(hard_shift)) * scale;
  return {instance, invariance, own_weight};
}

__device__ inline Losses official(const Objective& o, const Anchor& a, float scale, double* partial,
                                  float* warps) {
  const float shift = fmaxf(largest_of(a.nearest_scores, o.nearest_count, warps), a.own_score);
  exponentials_of(a.nearest_scores, o.nearest_count, shift, scale, a.exponentials);
  exponentials_of(a.chosen_scores, a.chosen_found, shift, scale, a.chosen_weights);
  __syncthreads();
  const auto own = static_cast<double>(exponential(a.own_score, shift, scale));
  const double all = sum_of_sixteen(a.exponentials, o.nearest_count, partial);

  // L_ins = -log(p + epsilon), p = own / all.
  const double p = own / all;
  const double outer = -p / (p + kOfficialEpsilon);
  weigh_nearest(o, a, -outer / all);
  double own_weight = outer;

  // L_inv = -log(r + epsilon), r = hard / rest.
  const double hard = sum_of_sixteen(a.chosen_weights, a.chosen_found, partial);
  const double rest = all - (o.exclusive ? own : 0);
  const double r = hard / rest;
  const double factor = -o.invariance_weight / (r + kOfficialEpsilon);
  weigh_chosen(a, factor / rest);
  weigh_nearest(o, a, -factor * r / rest);
  if (o.exclusive) own_weight += factor * r / rest * own;
  return {-log(p + kOfficialEpsilon), -log(r + kOfficialEpsilon), own_weight};
}

/* Whether the ids that an anchor's gradient reads are rows of the bank; to all threads of the
 * block.
 */
__device__ inline bool inside(const Objective& o, int64_t b) {
  bool bad = outside(o.anchors[b], o.rows);
  for (int j = static_cast<int>(threadIdx.x); j < o.chosen_count; j += kBlockThreads) {
    const int32_t id = o.chosen[b * o.chosen_count + j];
    // Behind the first -1 there are no others.
    bad = bad || (id != -1 &&
                  (outside(id, o.rows) || (j > 0 && o.chosen[b * o.chosen_count + j - 1] == -1)));
  }
  bad = __syncthreads_or(bad ? 1 : 0) != 0;
  return ascending(o.nearest + b * o.nearest_count, o.nearest_count, o.rows) && !bad;
}

__global__ void __launch_bounds__(kBlockThreads) weights_kernel(Objective o) {
  INVP_SHARED(double, partial, 16);
  INVP_SHARED(float, warps, kBlockWarps);
  const int64_t b = blockIdx.x;
  if (!inside(o, b)) {
    if (threadIdx.x == 0) {
      report(o.verdict, b);
      o.losses[2 * b] = o.losses[2 * b + 1] = 0;
      o.chosen_found[b] = kRefused;
    }
    return;
  }
  const int32_t* const positives = o.positives + b * o.positives_width;
  const Anchor anchor{o.anchors[b],
                      o.own_scores[b],
                      o.nearest + b * o.nearest_count,
                      o.nearest_scores + b * o.nearest_count,
                      positives,
                      filled(positives, o.positives_width),
                      o.chosen_scores + b * o.chosen_count,
                      filled(o.chosen + b * o.chosen_count, o.chosen_count),
                      o.exponentials + b * o.nearest_count,
                      o.weights + b * o.nearest_count,
                      o.chosen_weights + b * o.chosen_count};
  // Every thread reads and adds to its own weights only.
  for (int j = static_cast<int>(threadIdx.x); j < o.nearest_count; j += kBlockThreads)
    anchor.weights[j] = 0;
  const float scale = 1.0f / o.temperature;
  const Losses losses = o.official ? official(o, anchor, scale, partial, warps)
                                   : paper(o, anchor, scale, partial, warps);
  if (threadIdx.x == 0) {
    o.losses[2 * b] = losses.instance;
    o.losses[2 * b + 1] = losses.invariance;
    o.own_weights[b] = static_cast<float>(losses.own_weight);
    o.chosen_found[b] = anchor.chosen_found;
  }
}

__global__ void __launch_bounds__(kRowThreads) gradient_kernel(Objective o, float* gradient) {
  INVP_SHARED(int32_t, staged_ids, kRowThreads);
  INVP_SHARED(float, staged_weights, kRowThreads);
  const int64_t b = blockIdx.x;
  const int column = static_cast<int>(blockIdx.y * kRowThreads + threadIdx.x);
  if (o.chosen_found[b] == kRefused) {
    if (column < o.dimension) gradient[b * o.dimension + column] = 0;
    return;
  }
  const int readable = column < o.dimension ? column : o.dimension - 1;
  const auto add = [&](const int32_t* ids, const float* weights, int n, float total) {
    return add_rows(o.bank, o.dimension, readable, ids, weights, n, total, staged_ids,
                    staged_weights);
  };
  float total = add(o.anchors + b, o.own_weights + b, 1, 0);
  total = add(o.chosen + b * o.chosen_count, o.chosen_weights + b * o.chosen_count,
              o.chosen_found[b], total);
  total =
      add(o.nearest + b * o.nearest_count, o.weights + b * o.nearest_count, o.nearest_count, total);
  if (column < o.dimension) gradient[b * o.dimension + column] = total;
}

// dL/dx = (g - (g . v) v) / |x|, g = dL/dv = (weighted rows) / (temperature * batch).
__global__ void __launch_bounds__(kRowThreads) project_kernel(Objective o, float* gradient) {
  INVP_SHARED(double, stage, kRowThreads + 1);
  const int64_t b = blockIdx.x;
  float* const row = gradient + b * o.dimension;
  const float* const unit = o.unit + b * o.dimension;
  const double along = serial_dot(row, unit, o.dimension, stage);
  const double factor =
      static_cast<double>(1.0f / o.temperature) / o.batch / static_cast<double>(o.norms[b]);
  for (int d = static_cast<int>(threadIdx.x); d < o.dimension; d += kRowThreads)
    row[d] = static_cast<float>(
        (static_cast<double>(row[d]) - along * static_cast<double>(unit[d])) * factor);
}

__global__ void __launch_bounds__(kRowThreads)
    mean_losses_kernel(const double* __restrict__ each, int batch, double* losses) {
  INVP_SHARED(double, stage, kRowThreads + 1);
  for (int which = 0; which < 2; ++which) {
    const double mean =
        serial_sum([=](int64_t b) { return each[2 * b + which] / batch; }, batch, stage);
    if (threadIdx.x == 0) losses[which] = mean;
  }
}

int64_t workspace_bytes_of(int64_t batch, int64_t nearest_count, int64_t chosen_count) {
  return batch * (16 + 8 * nearest_count + 4 * chosen_count + 8);
}

}  // namespace
}  // namespace invp::cuda

using namespace invp::cuda;

INVP_EXPORT int32_t invp_cuda_objective_workspace(int32_t batch, int32_t nearest_count,
                                                  int32_t chosen_count, int64_t* bytes) {
  return invp::guard([&] {
    require_results(bytes);
    require_batch(batch);
    invp::require(nearest_count >= 1 && chosen_count >= 1,
                  "nearest_count and chosen_count must be at least 1");
    *bytes = workspace_bytes_of(batch, nearest_count, chosen_count);
  });
}

INVP_EXPORT int32_t invp_cuda_objective(
    void* stream, const float* bank, int64_t rows, int32_t dimension, const int32_t* anchors,
    int32_t batch, const float* unit, const float* norms, const float* own_scores,
    const int32_t* nearest, const float* nearest_scores, int32_t nearest_count,
    const int32_t* positives, int32_t positives_width, const int32_t* chosen,
    const float* chosen_scores, int32_t chosen_count, int32_t mode, int32_t exclusive,
    float temperature, float invariance_weight, void* workspace, int64_t workspace_bytes,
    double* losses, float* gradient, int32_t* verdict) {
  return invp::guard([&] {
    require_shape(rows, dimension);
    require_batch(batch);
    require_mode(mode);
    invp::require(nearest_count >= 1 && positives_width >= 1 && chosen_count >= 1,
                  "nearest_count, positives_width and chosen_count must be at least 1");
    require_temperature(temperature);
    require_weight(invariance_weight);
    require_workspace(workspace_bytes, workspace_bytes_of(batch, nearest_count, chosen_count));
    require_device({reads("bank", bank, rows, dimension), reads("anchors", anchors, batch),
                    reads("unit", unit, batch, dimension), reads("norms", norms, batch),
                    reads("own_scores", own_scores, batch),
                    reads("nearest", nearest, batch, nearest_count),
                    reads("nearest_scores", nearest_scores, batch, nearest_count),
                    reads("positives", positives, batch, positives_width),
                    reads("chosen", chosen, batch, chosen_count),
                    reads("chosen_scores", chosen_scores, batch, chosen_count),
                    writes("workspace", static_cast<unsigned char*>(workspace), workspace_bytes),
                    writes("losses", losses, 2), writes("gradient", gradient, batch, dimension),
                    writes("verdict", verdict, 1)});
    zero(stream, verdict, sizeof(int32_t));
    const int64_t pairs = int64_t{batch} * nearest_count, picks = int64_t{batch} * chosen_count;
    auto* const each = static_cast<double*>(workspace);
    auto* const exponentials = reinterpret_cast<float*>(each + 2 * batch);
    float* const weights = exponentials + pairs;
    float* const chosen_weights = weights + pairs;
    float* const own_weights = chosen_weights + picks;
    auto* const chosen_found = reinterpret_cast<int32_t*>(own_weights + batch);
    const Objective objective{bank,
                              dimension,
                              anchors,
                              batch,
                              unit,
                              norms,
                              own_scores,
                              nearest,
                              nearest_scores,
                              nearest_count,
                              positives,
                              positives_width,
                              chosen,
                              chosen_scores,
                              chosen_count,
                              mode == INVP_CUDA_MODE_OFFICIAL,
                              exclusive != 0,
                              temperature,
                              invariance_weight,
                              each,
                              exponentials,
                              weights,
                              chosen_weights,
                              own_weights,
                              chosen_found,
                              rows,
                              verdict};
    const auto anchor_blocks = static_cast<unsigned>(batch);
    INVP_LAUNCH(weights_kernel, dim3(anchor_blocks), dim3(kBlockThreads), 0, stream, objective);
    INVP_LAUNCH(gradient_kernel, dim3(anchor_blocks, blocks(dimension, kRowThreads)),
                dim3(kRowThreads), 0, stream, objective, gradient);
    INVP_LAUNCH(project_kernel, dim3(anchor_blocks), dim3(kRowThreads), 0, stream, objective,
                gradient);
    INVP_LAUNCH(mean_losses_kernel, dim3(1), dim3(kRowThreads), 0, stream, each, batch, losses);
  });
}
