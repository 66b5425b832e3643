/*
 * invp_bank: the memory bank's engine on the CPU.
 *
 * A bank is a plain array that the caller owns: `bank` is float32 [rows, dimension], row-major, one
 * embedding per image; `graph` is int32 [rows, neighbours], each image's most similar images. The
 * engine owns only its threads and its scratch memory. Every function below that takes an engine
 * may be called from any thread; calls on one engine run one after the other.
 *
 * The score of a query v and a row b is the float32 value of the chain
 *     s = 0; for d = 0 .. dimension-1: s = fmaf(v[d], b[d], s)
 * on every instruction set and for any number of threads. Rows are ranked by score, the highest
 * first, and among equal scores by id, the smallest first. All results are the same bits for any
 * number of threads.
 *
 * Unless said otherwise pointers are to host memory and must not be NULL, and what a call writes
 * must not overlap its other arrays; floats must be finite where the comment says "checked", and
 * are the caller's promise elsewhere. Pointers, sizes, overlap and ids are checked before anything
 * is written (INVP_INVALID_ARGUMENT), ids as a copy, so that another thread may change them
 * meanwhile.
 */
#ifndef INVP_BANK_H
#define INVP_BANK_H

#include <stdint.h>

#include "invp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Threads and scratch memory; opaque. */
typedef struct invp_bank_engine invp_bank_engine;

/* Order of a result of invp_bank_nearest: most similar first. */
#define INVP_BANK_ORDER_SIMILARITY 0
/* Order of a result of invp_bank_nearest: ascending id. */
#define INVP_BANK_ORDER_ID 1

/* The definitions of the paper. */
#define INVP_BANK_MODE_PAPER 0
/* The computation of the published program. */
#define INVP_BANK_MODE_OFFICIAL 1

/* Which discovered positives are used: the least similar ones (the paper's hard positives). */
#define INVP_BANK_SELECTION_HARD 0
/* The most similar ones. */
#define INVP_BANK_SELECTION_EASY 1
/* Any of them, drawn anew for every image and draw. */
#define INVP_BANK_SELECTION_RANDOM 2

/* The most ids a walk may visit per anchor; see invp_bank_walk_width. */
#define INVP_BANK_MAX_WALK 1048576

/* The version of this header; a caller compiled against another one must refuse to go on. */
#define INVP_BANK_ABI_VERSION 5
int32_t invp_bank_abi_version(void);

/* Describes the build and the instruction set in use ("0.1.0 AVX3_ZEN4"), always terminated;
 * returns the full length. */
int64_t invp_bank_build_info(char* buffer, int64_t capacity);

/* Copies the calling thread's last message, always terminated; returns its full length. */
int64_t invp_bank_last_error(char* buffer, int64_t capacity);

/* Starts an engine with 1 to 1024 threads (the calling thread works as one of them). */
int32_t invp_bank_engine_create(int32_t threads, invp_bank_engine** engine);

/* Ends the threads and frees the scratch memory. No call on this engine may be running. NULL is
 * allowed. */
int32_t invp_bank_engine_destroy(invp_bank_engine* engine);

/*
 * Fills rows with independent values, uniform in +-1/sqrt(dimension/3): the published start of the
 * memory bank. The value at a place depends on the seed and the place only.
 */
int32_t invp_bank_fill_random(invp_bank_engine* engine, float* bank, int64_t rows,
                              int32_t dimension, uint64_t seed);

/*
 * The same bank's rows first, first + stride, ..., `rows` of them: what one process holds of a bank
 * that lies in several. first >= 0, stride >= 1.
 */
int32_t invp_bank_fill_random_part(invp_bank_engine* engine, float* bank, int64_t rows,
                                   int32_t dimension, uint64_t seed, int64_t first, int64_t stride);

/* INVP_INVALID_DATA, naming the first bad row, if any value is NaN or infinite. */
int32_t invp_bank_check_finite(invp_bank_engine* engine, const float* bank, int64_t rows,
                               int32_t dimension);

/*
 * unit[b] = embeddings[b] / |embeddings[b]|, norms[b] = |embeddings[b]|; shapes [batch, dimension]
 * and [batch]. Checked: INVP_INVALID_DATA names the first row that is not finite or has norm 0.
 * `unit` may be `embeddings`. `mean_cosine` receives the mean cosine over all pairs of different
 * rows (1 for a collapsed batch, 0 for a batch of one).
 */
int32_t invp_bank_normalise(invp_bank_engine* engine, const float* embeddings, int32_t batch,
                            int32_t dimension, float* unit, float* norms, double* mean_cosine);

/* That mean cosine, of unit [batch, dimension]; 0 for a batch of 1. */
int32_t invp_bank_mean_cosine(invp_bank_engine* engine, const float* unit, int32_t batch,
                              int32_t dimension, double* cosine);

/*
 * The `count` rows most similar to each query, exactly: 1 <= count <= rows <= 2^31 - 1.
 * queries [batch, dimension]; ids and scores [batch, count] in the order asked for. Queries are
 * checked (INVP_INVALID_DATA); a NaN in the bank is the caller's fault and such rows are left out,
 * which ends in INVP_INVALID_DATA when fewer than `count` remain.
 */
int32_t invp_bank_nearest(invp_bank_engine* engine, const float* bank, int64_t rows,
                          int32_t dimension, const float* queries, int32_t batch, int32_t count,
                          int32_t order, int32_t* ids, float* scores);

/* neighbours + neighbours^2 + ... + neighbours^steps, at most INVP_BANK_MAX_WALK: the ids one
 * anchor's walk may yield. */
int32_t invp_bank_walk_width(int32_t neighbours, int32_t steps, int32_t* width);

/*
 * The images that a walk of `steps` hops over the graph reaches from each anchor.
 * INVP_BANK_MODE_PAPER: breadth first, each once, without the anchor, ascending, padded with -1.
 * INVP_BANK_MODE_OFFICIAL: the concatenation of the neighbours hop by hop, with repeats and
 * possibly the anchor. positives [batch, width], width as invp_bank_walk_width says. Graph entries
 * are checked to be in [0, rows).
 */
int32_t invp_bank_walk(invp_bank_engine* engine, const int32_t* graph, int64_t rows,
                       int32_t neighbours, const int32_t* anchors, int32_t batch, int32_t steps,
                       int32_t mode, int32_t* positives);

/*
 * One hop of that walk over a graph whose rows need not lie in this process. layers [batch, width],
 * each row padded with -1: in, the images whose neighbours are taken (at first the anchor alone);
 * out, those to go on from. rows [images, neighbours]: the graph rows of all of them, one anchor's
 * after the other's, `images` in all. positives [batch, width], padded with -1 (at first nothing
 * else): what was found so far, in and out; after `steps` hops what invp_bank_walk gives. width as
 * invp_bank_walk_width says. The ids of rows are the caller's to check.
 * Where more is reached than there is room for, layers and positives are undefined.
 */
int32_t invp_bank_walk_hop(invp_bank_engine* engine, const int32_t* anchors, int32_t batch,
                           const int32_t* rows, int64_t images, int32_t neighbours, int32_t mode,
                           int32_t width, int32_t* layers, int32_t* positives);

/* scores[b, j] = the score of unit[b] and row ids[b, j]; ids [batch, width], -1 for none (score 0).
 */
int32_t invp_bank_score(invp_bank_engine* engine, const float* bank, int64_t rows,
                        int32_t dimension, const float* unit, int32_t batch, const int32_t* ids,
                        int32_t width, float* scores);

/*
 * Of each row of ids (-1 for none) `count`, all if fewer: by INVP_BANK_SELECTION_HARD the least
 * similar, the least first; by _EASY the most similar, the most first; ties to the smaller id; by
 * _RANDOM those that a draw ranks first. Repeated ids count repeatedly. anchors [batch]; chosen and
 * chosen_scores [batch, count], chosen padded with -1.
 *
 * The draw's rank of entry j of anchor i is the upper half of mix(mix(draw ^ i) ^ j), the largest
 * first, ties to the smaller j, with mix the finaliser of SplitMix64 after its increment: it
 * depends on the draw, the anchor and the place in the row, and on nothing else. `draw` counts for
 * _RANDOM only.
 */
int32_t invp_bank_select(invp_bank_engine* engine, const int32_t* anchors, const int32_t* ids,
                         const float* scores, int32_t batch, int32_t width, int32_t count,
                         int32_t selection, uint64_t draw, int32_t* chosen, float* chosen_scores);

/*
 * Losses and gradient of Invariance Propagation (Wang et al., NeurIPS 2020, section 3).
 *
 * Inputs of the step, as the functions above produced them: bank [rows, dimension]; anchors
 * [batch]; unit [batch, dimension] and norms [batch]; own_scores [batch], of unit[b] and the
 * anchor's own row; nearest and nearest_scores [batch, nearest_count], ascending ids (checked);
 * positives [batch, positives_width] from invp_bank_walk; chosen and chosen_scores [batch,
 * chosen_count] from invp_bank_select. temperature at least 1.2e-38, finite; invariance_weight =
 * lambda_inv * w(epoch) >= 0.
 *
 * Outputs: loss_ins, loss_inv, means over the batch; gradient [batch, dimension] of loss_ins +
 * invariance_weight * loss_inv with respect to the embeddings before normalisation.
 *
 * With e_j = exp(s_j / temperature), N_M the nearest, N the positives, N_h the chosen, i the
 * anchor: PAPER     L_ins = -log(e_i / sum over N_M and i), L_inv = -log(sum over N_h / sum over
 * B), B = (N_M without N, and without i unless exclusive is 0) and N_h; 0 if N_h is empty. OFFICIAL
 * L_ins = -log(e_i / sum over N_M + 1e-7), L_inv = -log(sum over N_h / (sum over N_M - (exclusive ?
 * e_i : 0)) + 1e-7).
 */
int32_t invp_bank_objective(invp_bank_engine* engine, const float* bank, int64_t rows,
                            int32_t dimension, const int32_t* anchors, int32_t batch,
                            const float* unit, const float* norms, const float* own_scores,
                            const int32_t* nearest, const float* nearest_scores,
                            int32_t nearest_count, const int32_t* positives,
                            int32_t positives_width, const int32_t* chosen,
                            const float* chosen_scores, int32_t chosen_count, int32_t mode,
                            int32_t exclusive, float temperature, float invariance_weight,
                            double* loss_ins, double* loss_inv, float* gradient);

/*
 * The objective over a bank that lies in `ranks` processes. Process `rank` holds row id of the
 * whole bank iff id mod ranks = rank, as its local row id div ranks. All processes make the three
 * calls below for the same anchors, those of all of them, and between the calls combine what they
 * got:
 *
 *   shard_maxima   -> maxima, combined by the maximum
 *   shard_sums     -> sums, combined by the sum
 *   shard_weights  -> losses, the same everywhere; the weights of rows here
 *   weighted_rows  -> gradient, combined by the sum
 *   project        -> as invp_bank_objective gives it
 *
 * Common arguments, ids being those of the whole bank unless said otherwise: anchors [batch];
 * own_scores [batch]; positives [batch, positives_width] and chosen, chosen_scores [batch,
 * chosen_count] as for invp_bank_objective; nearest and nearest_scores [batch, nearest_count], of
 * which the first counts[b] are the rows of N_M that lie here, by their local ids, from
 * shard_maxima on in ascending order; counts[b] may be 0. Formulas, mode, exclusive, temperature
 * and invariance_weight are those of invp_bank_objective.
 */

/* Sorts the first counts[b] entries of nearest and nearest_scores by id, in place, and finds
 * maxima [batch, 2], the largest score among them and among those of them that are negatives of
 * L_inv; -infinity where there is none. */
int32_t invp_bank_shard_maxima(invp_bank_engine* engine, int32_t rank, int32_t ranks,
                               const int32_t* anchors, int32_t batch, const int32_t* positives,
                               int32_t positives_width, int32_t* nearest, float* nearest_scores,
                               int32_t nearest_count, const int32_t* counts, int32_t mode,
                               int32_t exclusive, float* maxima);

/* sums [batch, 2] = what the rows here add to the sum of exponentials over N_M and over the
 * negatives, each relative to a shift that follows from the combined maxima. */
int32_t invp_bank_shard_sums(invp_bank_engine* engine, int32_t rank, int32_t ranks,
                             const int32_t* anchors, int32_t batch, const float* own_scores,
                             const int32_t* positives, int32_t positives_width,
                             const int32_t* nearest, const float* nearest_scores,
                             int32_t nearest_count, const int32_t* counts, const int32_t* chosen,
                             const float* chosen_scores, int32_t chosen_count, const float* maxima,
                             int32_t mode, int32_t exclusive, float temperature, double* sums);

/*
 * From the combined maxima and sums: losses [batch, 2], L_ins and L_inv of every anchor; and which
 * rows here each anchor's part of dL/dv, before invp_bank_project, is a weighted sum of: rows and
 * weights [batch, nearest_count + 1 + chosen_count], local ids, ascending, of which row_counts[b]
 * count; an id may stand there more than once. own_inside [batch]: not 0 where the anchor's own row
 * belongs to N_M.
 */
int32_t invp_bank_shard_weights(invp_bank_engine* engine, int32_t rank, int32_t ranks,
                                const int32_t* anchors, int32_t batch, const float* own_scores,
                                const int32_t* own_inside, const int32_t* positives,
                                int32_t positives_width, const int32_t* nearest,
                                const float* nearest_scores, int32_t nearest_count,
                                const int32_t* counts, const int32_t* chosen,
                                const float* chosen_scores, int32_t chosen_count,
                                const float* maxima, const double* sums, int32_t mode,
                                int32_t exclusive, float temperature, float invariance_weight,
                                double* losses, int32_t* rows, float* weights, int32_t* row_counts);

/* sums [batch, dimension] = for each b the sum of weights[b, j] bank[ids[b, j]] over j < counts[b];
 * ids, weights [batch, width], ids ascending up to there. */
int32_t invp_bank_weighted_rows(invp_bank_engine* engine, const float* bank, int64_t rows,
                                int32_t dimension, const int32_t* ids, const float* weights,
                                int32_t batch, int32_t width, const int32_t* counts, float* sums);

/*
 * gradient [batch, dimension], in and out: from the sum of the shards' parts to the gradient with
 * respect to the embeddings before normalisation, of means over `total` anchors, of which these are
 * some. unit and norms as for invp_bank_objective.
 */
int32_t invp_bank_project(invp_bank_engine* engine, const float* unit, const float* norms,
                          int32_t batch, int32_t dimension, float temperature, int64_t total,
                          float* gradient);

/*
 * Writes the anchors' graph rows from their nearest rows (ascending ids, count >= neighbours + 1).
 * PAPER: the most similar ones without the anchor, most similar first; there must be `neighbours`
 * of them (checked). OFFICIAL: of the neighbours + 1 most similar the anchor, if among them, is
 * replaced in place by the last; the first `neighbours` stay. Of a repeated anchor the last one
 * counts.
 */
int32_t invp_bank_update_graph(invp_bank_engine* engine, int32_t* graph, int64_t rows,
                               int32_t neighbours, const int32_t* anchors, int32_t batch,
                               const int32_t* nearest, const float* nearest_scores,
                               int32_t nearest_count, int32_t mode);

/*
 * The anchors' graph rows [batch, neighbours], as invp_bank_update_graph writes them, of candidates
 * in any order: ids and scores [batch, count], -1 for none, none twice. Every anchor needs at least
 * neighbours + 1 of them.
 */
int32_t invp_bank_graph_rows(invp_bank_engine* engine, const int32_t* anchors, int32_t batch,
                             const int32_t* candidates, const float* scores, int32_t count,
                             int32_t neighbours, int32_t mode, int32_t* rows);

/*
 * bank[i] = normalise(momentum * bank[i] + (1 - momentum) * unit[b]) for each anchor i, momentum in
 * [0, 1]. Of a repeated anchor the last one counts, and blends with the row as it was before the
 * call. A blend of norm 0 leaves unit[b].
 */
int32_t invp_bank_update(invp_bank_engine* engine, float* bank, int64_t rows, int32_t dimension,
                         const int32_t* anchors, int32_t batch, const float* unit, float momentum);

/*
 * The limit that a search is measured against: how many 10^9 float operations per second all the
 * engine's threads together do when they do nothing but independent fused multiply-adds (two
 * operations each) on registers, for `seconds`, above 0 and at most 60.
 */
int32_t invp_bank_peak_gflops(invp_bank_engine* engine, double seconds, double* gflops);

#ifdef __cplusplus
}
#endif

#endif
