/* The search as a caller drives it, both ways to the candidates. */
#ifndef INVP_TESTS_BANK_CUDA_SEARCH_H
#define INVP_TESTS_BANK_CUDA_SEARCH_H

#include <algorithm>
#include <cstdint>
#include <vector>

#include "device.h"

namespace invp::cuda_test {

struct Problem {
  int64_t rows;
  int32_t dimension, batch, count;
  std::vector<float> bank, queries;
};

struct Result {
  std::vector<int32_t> ids;
  std::vector<float> scores;
};

/* How candidates are found. */
enum class Way { kOwn, kBlas, kBlasHalf };

struct SearchOptions {
  Way way = Way::kOwn;
  int32_t order = INVP_CUDA_ORDER_ID;
  int64_t chunk = 0;                  /* rows at a time; 0: all */
  int64_t capacity = 0;               /* 0: as recommended */
  std::vector<float> thresholds = {}; /* instead of the sampled ones, if given */
  int32_t group = 4;                  /* queries repaired at a time */
};

struct SearchOutcome {
  Result result;
  int32_t missed;
  int32_t verdict; /* of the repair */
};

inline SearchOutcome search(const Problem& p, const SearchOptions& options) {
  void* const stream = nullptr;
  int32_t pitch;
  check_status(invp_cuda_pitch(p.dimension, &pitch));
  const auto batch = static_cast<size_t>(p.batch);
  const auto half = static_cast<int32_t>(options.way == Way::kBlasHalf);
  const bool blas = options.way != Way::kOwn;
  DeviceArray<float> bank(p.bank), unit(p.queries);
  DeviceArray<uint16_t> shadow(static_cast<size_t>(p.rows) * static_cast<size_t>(pitch)),
      queries(batch * static_cast<size_t>(pitch));
  DeviceArray<float> norm(1), bounds(batch), thresholds(batch);
  DeviceArray<int32_t> verdict(1), counts(batch * INVP_CUDA_COUNTER_STRIDE), missed(1 + batch);
  check_status(invp_cuda_shadow(stream, bank.get(), p.rows, p.dimension, shadow.get(), norm.get()));
  check_status(invp_cuda_prepare_queries(stream, unit.get(), p.batch, p.dimension, norm.get(), half,
                                         queries.get(), bounds.get(), verdict.get()));
  if (verdict.read()[0] != 0) throw std::runtime_error("a query is not finite");

  void* handle = nullptr;
  if (blas) check(cublasCreate_v2(&handle));
  const float one = 1, zero = 0;
  const auto product = [&](const uint16_t* rows, int64_t leading, int64_t count, void* scores,
                           int32_t rounded) {
    check(cublasGemmEx(handle, 1, 0, static_cast<int>(count), p.batch, pitch, &one, rows, 2,
                       static_cast<int>(leading), queries.get(), 2, pitch, &zero, scores,
                       rounded != 0 ? 2 : 0, static_cast<int>(count), 68, -1));
  };

  int64_t size, stride, rank, capacity = options.capacity;
  check_status(invp_cuda_sample(p.rows, p.count, &size, &stride, &rank));
  if (capacity == 0) check_status(invp_cuda_capacity(p.rows, p.count, &capacity));
  DeviceArray<float> sample_scores(batch * static_cast<size_t>(size));
  if (size > 0 && blas) {
    product(shadow.get(), stride * pitch, size, sample_scores.get(), half);
  } else if (size > 0) {
    check_status(invp_cuda_sample_scores(stream, shadow.get(), p.rows, p.dimension, size, stride,
                                         queries.get(), p.batch, sample_scores.get()));
  }
  check_status(invp_cuda_thresholds(stream, sample_scores.get(), half, p.batch, size, rank,
                                    bounds.get(), thresholds.get(), counts.get()));

  if (!options.thresholds.empty()) thresholds.write(options.thresholds);
  DeviceArray<uint64_t> candidates(batch * static_cast<size_t>(capacity)),
      workspace(batch * static_cast<size_t>(capacity));
  const int64_t chunk = options.chunk == 0 ? p.rows : options.chunk;
  DeviceArray<float> chunk_scores(blas ? batch * static_cast<size_t>(chunk) : 1);
  for (int64_t first = 0; first < p.rows; first += chunk) {
    const int64_t count = std::min(chunk, p.rows - first);
    if (blas) {
      product(shadow.get() + first * pitch, pitch, count, chunk_scores.get(), half);
      check_status(invp_cuda_filter(stream, chunk_scores.get(), half, p.batch, first, count,
                                    thresholds.get(), counts.get(), candidates.get(), capacity));
    } else {
      check_status(invp_cuda_similar(stream, shadow.get(), p.rows, p.dimension, first, count,
                                     queries.get(), p.batch, thresholds.get(), counts.get(),
                                     candidates.get(), capacity));
    }
  }
  if (blas) check(cublasDestroy_v2(handle));

  const size_t found = batch * static_cast<size_t>(p.count);
  DeviceArray<int32_t> ids(found);
  DeviceArray<float> scores(found);
  check_status(invp_cuda_select(stream, bank.get(), p.rows, p.dimension, unit.get(), p.batch,
                                bounds.get(), thresholds.get(), counts.get(), candidates.get(),
                                capacity, p.count, options.order, workspace.get(), ids.get(),
                                scores.get(), missed.get()));
  SearchOutcome outcome{{}, missed.read()[0], 0};
  int64_t bytes;
  check_status(invp_cuda_repair_workspace(p.rows, p.count, options.group, &bytes));
  DeviceArray<unsigned char> repair(outcome.missed > 0 ? static_cast<size_t>(bytes) : 1);
  for (int32_t first = 0; first < outcome.missed && outcome.verdict == 0; first += options.group) {
    check_status(invp_cuda_repair(stream, bank.get(), p.rows, p.dimension, unit.get(), p.batch,
                                  missed.get(), first, std::min(options.group, p.batch - first),
                                  p.count, options.order, repair.get(), bytes, ids.get(),
                                  scores.get(), verdict.get()));
    outcome.verdict = verdict.read()[0];
  }
  outcome.result = {ids.read(), scores.read()};
  return outcome;
}

}  // namespace invp::cuda_test

#endif
