/*
 * Exact nearest rows: the M most similar bank rows of every query, without ever holding all scores.
 *
 *   1. a strided sample of the bank gives each query a threshold that a few more than M rows should
 * pass;
 *   2. one pass over the bank collects, per thread and query, the rows above the threshold;
 *   3. a full list is cut to its best M, whose worst then becomes the thread's threshold;
 *   4. per query the threads' lists are cut to the best M.
 * A query that found fewer than M (its sample misled) is searched again without a threshold. So the
 * result is exact whatever the bank holds; the sample only decides how long it takes.
 */
#ifndef INVP_BANK_NEAREST_H
#define INVP_BANK_NEAREST_H

#include <cstdint>
#include <vector>

#include "aligned.h"
#include "cpu/kernels.h"
#include "thread_pool.h"

namespace invp::bank {

enum class Order { kSimilarity, kId };

class NearestSearch {
 public:
  NearestSearch(ThreadPool& pool, const Kernels& kernels);

  /* ids and scores [batch, count]; 1 <= count <= rows. Throws InvalidData when NaN rows leave fewer
   * than `count`. */
  void run(const float* bank, int64_t rows, int32_t dimension, const float* queries, int32_t batch,
           int32_t count, Order order, int32_t* ids, float* scores);

 private:
  class ThreadLists;

  void pack(const float* queries, const std::vector<int32_t>& chosen, int32_t dimension);
  void sample_thresholds(const float* bank, int64_t rows, int32_t dimension, int32_t batch,
                         int32_t count);
  void scan(const float* bank, int64_t rows, int32_t dimension, int32_t batch, int32_t count);
  bool finish(int32_t query, int32_t count, Order order, int thread, int32_t* ids, float* scores);

  /* One thread's scratch. */
  struct Worker {
    AlignedArray<float> sample_scores;
    std::vector<float> column;
    std::vector<RankKey> keys, scratch, merged, sorted;
    std::vector<float> thresholds;
    std::vector<std::vector<RankKey>> storage;
    std::vector<Candidates> candidates;
  };

  ThreadPool& pool_;
  const Kernels& kernels_;
  AlignedArray<float> panels_;
  int32_t panel_count_ = 0;
  std::vector<float> thresholds_;
  std::vector<Worker> workers_;
};

}  // namespace invp::bank

#endif
