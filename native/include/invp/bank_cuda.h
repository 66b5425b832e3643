/*
 * invp_bank_cuda: the memory bank's kernels on a CUDA device. The stages are those of invp/bank.h,
 * and give the same ids and the same bits (but for the last bit of a loss, whose logarithm is the
 * device's).
 *
 * Two libraries export this header: libinvp_bank_cuda.so, and libinvp_bank_simt.so, which runs the
 * same sources on the CPU for tests (there a "device pointer" is what its own cudaMalloc returned).
 *
 * The caller owns all memory and drives the device: it makes stream, buffers and cuBLAS handle,
 * calls these functions in order, waits, and reads the verdicts. Every function here checks its
 * arguments, queues its kernels on the stream and returns; it allocates nothing, waits for nothing,
 * and may be called from any thread whose current device is the stream's. A status other than
 * INVP_OK means that nothing more was queued; INVP_BACKEND_FAILURE carries CUDA's own message.
 *
 * Unless said otherwise pointers are to device memory, 16 bytes aligned, row-major, must not be
 * NULL and must not overlap. Sizes: rows 1 to 2147483647, batch 1 to 65535, dimension 1 to 65536.
 * `stream` is a cudaStream_t.
 *
 * Verdicts. What a kernel finds wrong with the data it writes to a device int32: 0 if all is well,
 * else 2147483647 - r with r the first row (query, graph row, place in the batch) at fault. The
 * function zeroes it first, unless it is said to be raised: a raised verdict is zeroed by the
 * caller and keeps what any of several calls found until then. The outputs of later stages mean
 * nothing where a verdict is not 0; read it at the step's next wait. Every id that becomes a place
 * in memory is checked on the device: no kernel reads or writes beyond the arrays that its call
 * states.
 *
 * The search, in the order of its calls; [own] is either of two ways:
 *   invp_cuda_shadow            once, and again whenever rows were written other than by
 * invp_cuda_update invp_cuda_prepare_queries   fp16 queries and the bound of their scores' error
 *   invp_cuda_sample            which rows to sample
 *   invp_cuda_sample_scores     [own]  or cuBLAS: the sampled scores
 *   invp_cuda_thresholds        where candidates begin; empties the candidate lists
 *   invp_cuda_similar           [own]  or, chunk by chunk, cuBLAS and invp_cuda_filter
 *   invp_cuda_select            the M best by canonical score, certified; lists the queries that
 * are not invp_cuda_repair            those queries again, exactly, if there are any (read
 * `missed[0]` first)
 *
 * With cuBLAS. A row-major matrix [r, c] is cuBLAS's column-major [c, r]. Scores [batch, chunk]
 * row-major are cublasGemmEx(handle, CUBLAS_OP_T, CUBLAS_OP_N, chunk, batch, pitch, &one, shadow +
 * first * pitch, CUDA_R_16F, pitch, queries, CUDA_R_16F, pitch, &zero, scores, type, chunk,
 * CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT) with pitch from invp_cuda_pitch; for the sample take
 * shadow, stride * pitch as its leading dimension and `size` rows. type is CUDA_R_32F, or
 * CUDA_R_16F with rounded_scores != 0 below. The handle's math mode must hold
 * CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION: the bound counts on sums in fp32.
 */
#ifndef INVP_BANK_CUDA_H
#define INVP_BANK_CUDA_H

#include <stdint.h>

#include "invp/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Results of a search: most similar first; ascending id. The values of invp/bank.h. */
#define INVP_CUDA_ORDER_SIMILARITY 0
#define INVP_CUDA_ORDER_ID 1

/* The definitions of the paper; the computation of the published program. */
#define INVP_CUDA_MODE_PAPER 0
#define INVP_CUDA_MODE_OFFICIAL 1

/* Of invp_cuda_update_graph and invp_cuda_choose: the most rows of one result. */
#define INVP_CUDA_MAX_CHOSEN 4096

/* Counters of candidates lie this many int32 apart, so that queries do not share a memory sector.
 */
#define INVP_CUDA_COUNTER_STRIDE 32

#define INVP_CUDA_ABI_VERSION 4
int32_t invp_cuda_abi_version(void);

/* "0.1.0 sm_80 sm_90 sm_100" or "0.1.0 simt", always terminated; returns the full length. Host
 * memory. */
int64_t invp_cuda_build_info(char* buffer, int64_t capacity);

/* Copies the calling thread's last message, always terminated; returns its full length. Host
 * memory. */
int64_t invp_cuda_last_error(char* buffer, int64_t capacity);

/* rows [rows, dimension], uniform in +-1/sqrt(dimension/3): the bits of invp_bank_fill_random. */
int32_t invp_cuda_fill_random(void* stream, float* bank, int64_t rows, int32_t dimension,
                              uint64_t seed);

/* Verdict: the first row that holds a NaN or an infinity. */
int32_t invp_cuda_check_finite(void* stream, const float* rows, int64_t count, int32_t dimension,
                               int32_t* verdict);

/*
 * unit, norms as invp_bank_normalise; unit may be embeddings. mean_cosine receives a double.
 * verdicts [2]: the first row that is not finite; the first whose norm is 0 (below 1.2e-38).
 */
int32_t invp_cuda_normalise(void* stream, const float* embeddings, int32_t batch, int32_t dimension,
                            float* unit, float* norms, double* mean_cosine, int32_t* verdicts);

/* Halves from one row of a shadow to the next: the dimension rounded up to a multiple of 32. Host
 * memory. */
int32_t invp_cuda_pitch(int32_t dimension, int32_t* pitch);

/*
 * shadow [rows, pitch] = the rows in fp16, padded with zeros. largest_norm, one float, receives an
 * upper bound of the rows' norms (infinity if a value is beyond fp16: the search is exact even
 * then, but every query is repaired). Rows that hold a NaN do not count.
 */
int32_t invp_cuda_shadow(void* stream, const float* bank, int64_t rows, int32_t dimension,
                         uint16_t* shadow, float* largest_norm);

/*
 * queries [batch, pitch] = unit in fp16; bounds [batch]: how far a query's score in tensor-core
 * arithmetic, stored in fp16 if rounded_scores != 0, can be from the canonical one for any row of
 * the bank (docs/cuda.md derives it). Verdict: the first query that is not finite.
 */
int32_t invp_cuda_prepare_queries(void* stream, const float* unit, int32_t batch, int32_t dimension,
                                  const float* largest_norm, int32_t rounded_scores,
                                  uint16_t* queries, float* bounds, int32_t* verdict);

/*
 * The sample for the `count` best of `rows`: rows 0, stride, ..., `size` of them, and the rank of
 * the score that becomes the threshold. size 0: do not sample, pass 0 to invp_cuda_thresholds as
 * well. Host memory.
 */
int32_t invp_cuda_sample(int64_t rows, int32_t count, int64_t* size, int64_t* stride,
                         int64_t* rank);

/* How many candidates a query's list should hold for the `count` best of `rows`. Host memory. */
int32_t invp_cuda_capacity(int64_t rows, int32_t count, int64_t* capacity);

/* scores [batch, size] of the sampled rows, in tensor-core arithmetic. */
int32_t invp_cuda_sample_scores(void* stream, const uint16_t* shadow, int64_t rows,
                                int32_t dimension, int64_t size, int64_t stride,
                                const uint16_t* queries, int32_t batch, float* scores);

/*
 * thresholds [batch]: the sample's score of that rank less twice the bound, minus infinity without
 * a sample. counts [batch * INVP_CUDA_COUNTER_STRIDE] become 0. scores [batch, size] are float, or
 * fp16 if rounded_scores != 0.
 */
int32_t invp_cuda_thresholds(void* stream, const void* scores, int32_t rounded_scores,
                             int32_t batch, int64_t size, int64_t rank, const float* bounds,
                             float* thresholds, int32_t* counts);

/*
 * Our own similarity kernel: every row [first, first + count) of the shadow against all queries;
 * appends to candidates [batch, capacity] what is at least the threshold. A count may exceed the
 * capacity: the list is full then.
 */
int32_t invp_cuda_similar(void* stream, const uint16_t* shadow, int64_t rows, int32_t dimension,
                          int64_t first, int64_t count, const uint16_t* queries, int32_t batch,
                          const float* thresholds, int32_t* counts, uint64_t* candidates,
                          int64_t capacity);

/* The same from a chunk of scores [batch, chunk] that cuBLAS computed: column j is row first + j.
 */
int32_t invp_cuda_filter(void* stream, const void* scores, int32_t rounded_scores, int32_t batch,
                         int64_t first, int64_t chunk, const float* thresholds, int32_t* counts,
                         uint64_t* candidates, int64_t capacity);

/*
 * ids, scores [batch, count]: of each query's candidates the `count` best by canonical score, in
 * the order asked for. candidates is overwritten; workspace [batch, capacity] too. missed [1 +
 * batch]: how many queries could not be certified (their list overflowed or fell short, or a lost
 * row might have ranked), and which, ascending; their results are not written.
 */
int32_t invp_cuda_select(void* stream, const float* bank, int64_t rows, int32_t dimension,
                         const float* unit, int32_t batch, const float* bounds,
                         const float* thresholds, const int32_t* counts, uint64_t* candidates,
                         int64_t capacity, int32_t count, int32_t order, uint64_t* workspace,
                         int32_t* ids, float* scores, int32_t* missed);

/* Bytes that invp_cuda_repair needs for `group` queries at a time. Host memory. */
int32_t invp_cuda_repair_workspace(int64_t rows, int32_t count, int32_t group, int64_t* bytes);

/*
 * Searches for the queries missed[1 + first .. 1 + first + group) again, canonical scores of all
 * rows, no threshold: exact for every bank. Verdict: the first of them for which fewer than `count`
 * rows can be ranked (NaN in the bank). Call it for first = 0, group, 2 group, ... below missed[0],
 * the last time with what is left; group at most 65535.
 */
int32_t invp_cuda_repair(void* stream, const float* bank, int64_t rows, int32_t dimension,
                         const float* unit, int32_t batch, const int32_t* missed, int32_t first,
                         int32_t group, int32_t count, int32_t order, void* workspace,
                         int64_t workspace_bytes, int32_t* ids, float* scores, int32_t* verdict);

/* Ids that one anchor's walk may yield, as invp_bank_walk_width. Host memory. */
int32_t invp_cuda_walk_width(int32_t neighbours, int32_t steps, int32_t* width);

/* Bytes that invp_cuda_walk needs. Host memory. */
int32_t invp_cuda_walk_workspace(int32_t batch, int32_t neighbours, int32_t steps, int64_t* bytes);

/* positives [batch, width] as invp_bank_walk. verdicts [2]: the first graph row met that names no
 * image; the first place of an anchor that is none, whose walk is empty. */
int32_t invp_cuda_walk(void* stream, const int32_t* graph, int64_t rows, int32_t neighbours,
                       const int32_t* anchors, int32_t batch, int32_t steps, int32_t mode,
                       void* workspace, int64_t workspace_bytes, int32_t* positives,
                       int32_t* verdicts);

/* scores [batch, width], canonical; ids [batch, width], -1 for none (score 0). The verdict is
 * raised: the first query of which an id is neither; such ids score 0. */
int32_t invp_cuda_score(void* stream, const float* bank, int64_t rows, int32_t dimension,
                        const float* unit, int32_t batch, const int32_t* ids, int32_t width,
                        float* scores, int32_t* verdict);

/* sums [batch, dimension] as invp_bank_weighted_rows: ids and weights [batch, width], ids ascending
 * and inside the bank, of which counts[b], at most width, count. The verdict is raised: the first
 * list that is not so, whose sums are 0. */
int32_t invp_cuda_weighted_rows(void* stream, const float* bank, int64_t rows, int32_t dimension,
                                const int32_t* ids, const float* weights, int32_t batch,
                                int32_t width, const int32_t* counts, float* sums,
                                int32_t* verdict);

/* chosen, chosen_scores [batch, count] as invp_bank_select; count at most INVP_CUDA_MAX_CHOSEN. */
int32_t invp_cuda_choose(void* stream, const int32_t* anchors, const int32_t* ids,
                         const float* scores, int32_t batch, int32_t width, int32_t count,
                         int32_t selection, uint64_t draw, int32_t* chosen, float* chosen_scores);

/* Bytes that invp_cuda_objective needs. Host memory. */
int32_t invp_cuda_objective_workspace(int32_t batch, int32_t nearest_count, int32_t chosen_count,
                                      int64_t* bytes);

/*
 * Losses and gradient as invp_bank_objective. losses [2], double: the means of L_ins and L_inv.
 * gradient [batch, dimension], with respect to the embeddings before normalisation. nearest by
 * ascending id. Verdict: the first place of the batch of which the anchor, a nearest or a chosen id
 * is no row of the bank, the nearest do not ascend, or the chosen go on behind a -1.
 */
int32_t invp_cuda_objective(void* stream, const float* bank, int64_t rows, int32_t dimension,
                            const int32_t* anchors, int32_t batch, const float* unit,
                            const float* norms, const float* own_scores, const int32_t* nearest,
                            const float* nearest_scores, int32_t nearest_count,
                            const int32_t* positives, int32_t positives_width,
                            const int32_t* chosen, const float* chosen_scores, int32_t chosen_count,
                            int32_t mode, int32_t exclusive, float temperature,
                            float invariance_weight, void* workspace, int64_t workspace_bytes,
                            double* losses, float* gradient, int32_t* verdict);

/* The anchors' graph rows as invp_bank_update_graph; neighbours below INVP_CUDA_MAX_CHOSEN. The
 * verdict is raised: the first place of the batch of which the anchor or a nearest id is no row of
 * the graph, or the nearest are fewer than `neighbours` without the anchor. Nothing is written
 * while it is not 0. */
int32_t invp_cuda_update_graph(void* stream, int32_t* graph, int64_t rows, int32_t neighbours,
                               const int32_t* anchors, int32_t batch, const int32_t* nearest,
                               const float* nearest_scores, int32_t nearest_count, int32_t mode,
                               int32_t* verdict);

/* The anchors' bank rows as invp_bank_update, and their shadow; raises largest_norm where needed.
 * verdicts [2] are raised: the first anchor that is no row; the first row of unit that is not
 * finite. Nothing is written while one is not 0. */
int32_t invp_cuda_update(void* stream, float* bank, int64_t rows, int32_t dimension,
                         uint16_t* shadow, float* largest_norm, const int32_t* anchors,
                         int32_t batch, const float* unit, float momentum, int32_t* verdicts);

#ifdef __cplusplus
}
#endif

#endif
