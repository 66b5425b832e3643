/* The stages around the search on the emulated device against the CPU engine: the same bits,
 * whatever the schedule. */
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "device.h"
#include "guard.h"
#include "invp/bank.h"
#include "nearest.h"
#include "objective.h"
#include "rows.h"
#include "seeds.h"
#include "select.h"
#include "walk.h"
#include "weighted_rows.h"

namespace invp::cuda_test {
namespace {

constexpr void* kStream = nullptr;

bank::ThreadPool& pool() {
  static bank::ThreadPool one(1);
  return one;
}

std::vector<float> random_floats(size_t n, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(n);
  for (float& x : values) x = normal(random);
  return values;
}

template <typename T>
std::vector<uint32_t> bits(const std::vector<T>& values) {
  std::vector<uint32_t> words(values.size() * sizeof(T) / 4);
  std::memcpy(words.data(), values.data(), words.size() * 4);
  return words;
}

template <typename T>
void expect_same_bits(const std::vector<T>& found, const std::vector<T>& expected,
                      const char* what) {
  EXPECT_EQ(bits(found), bits(expected)) << what;
}

/* The shape and choices of one training step. */
struct Step {
  int32_t rows, dimension, batch, count, neighbours, steps, chosen, mode;
  bool exclusive = true;
  int32_t selection = INVP_BANK_SELECTION_HARD;
  uint64_t draw = 0;
  float temperature = 0.2f, weight = 0.6f, momentum = 0.5f;
  uint32_t seed = 1;

  std::string text() const {
    return "rows " + std::to_string(rows) + " dimension " + std::to_string(dimension) + " batch " +
           std::to_string(batch) + " count " + std::to_string(count) + " neighbours " +
           std::to_string(neighbours) + " steps " + std::to_string(steps) + " chosen " +
           std::to_string(chosen) + " mode " + std::to_string(mode) + " seed " +
           std::to_string(seed);
  }
};

/* What the stages before the search's successors start from; nearest from the CPU engine. */
struct Inputs {
  std::vector<float> bank, embeddings;
  std::vector<int32_t> graph, anchors;
};

Inputs inputs_of(const Step& s) {
  std::mt19937 random(s.seed);
  Inputs in;
  const auto rows = static_cast<size_t>(s.rows), dimension = static_cast<size_t>(s.dimension);
  in.bank.resize(rows * dimension);
  bank::fill_random(pool(), in.bank.data(), s.rows, s.dimension, s.seed);
  for (size_t row = 3; row < rows; row += 5)  // duplicates, so that scores tie
    std::copy_n(&in.bank[0], dimension, &in.bank[row * dimension]);
  for (size_t i = 0; i < rows * static_cast<size_t>(s.neighbours); ++i)
    in.graph.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(s.rows)));
  for (int32_t b = 0; b < s.batch; ++b)
    in.anchors.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(s.rows)));
  if (s.batch > 2) in.anchors[2] = in.anchors[0];
  in.embeddings = random_floats(static_cast<size_t>(s.batch) * dimension, random);
  return in;
}

struct Outputs {
  std::vector<float> unit, norms, own, scores, chosen_scores, gradient, bank;
  std::vector<int32_t> positives, chosen, graph;
  double mean_cosine = 0, instance = 0, invariance = 0;
  std::vector<int32_t> nearest;
  std::vector<float> nearest_scores;
  std::vector<int32_t> counts; /* [batch], how many of the nearest are summed, with their scores */
  std::vector<float> sums;
};

void score(const std::vector<float>& bank, const Step& s, const std::vector<float>& unit,
           const std::vector<int32_t>& ids, int32_t width, std::vector<float>& scores) {
  scores.resize(ids.size());
  for (int32_t b = 0; b < s.batch; ++b)
    bank::best_kernels().score_rows(
        bank.data(), s.dimension, &unit[static_cast<size_t>(b * s.dimension)],
        &ids[static_cast<size_t>(b * width)], width, &scores[static_cast<size_t>(b * width)]);
}

Outputs on_cpu(const Step& s, const Inputs& in) {
  Outputs out;
  const auto batch = static_cast<size_t>(s.batch);
  out.unit.resize(in.embeddings.size());
  out.norms.resize(batch);
  out.mean_cosine = bank::normalise(pool(), in.embeddings.data(), s.batch, s.dimension,
                                    out.unit.data(), out.norms.data());
  out.nearest.resize(batch * static_cast<size_t>(s.count));
  out.nearest_scores.resize(out.nearest.size());
  bank::NearestSearch(pool(), bank::best_kernels())
      .run(in.bank.data(), s.rows, s.dimension, out.unit.data(), s.batch, s.count, bank::Order::kId,
           out.nearest.data(), out.nearest_scores.data());
  const int32_t width = bank::walk_width(s.neighbours, s.steps);
  out.positives.resize(batch * static_cast<size_t>(width));
  const bank::Walk walk{in.graph.data(), s.rows, s.neighbours, s.steps};
  (s.mode == INVP_BANK_MODE_PAPER ? bank::walk_breadth_first : bank::walk_concatenated)(
      pool(), walk, in.anchors.data(), s.batch, out.positives.data());
  score(in.bank, s, out.unit, out.positives, width, out.scores);
  score(in.bank, s, out.unit, in.anchors, 1, out.own);
  out.chosen.resize(batch * static_cast<size_t>(s.chosen));
  out.chosen_scores.resize(out.chosen.size());
  bank::select_positives(pool(),
                         {in.anchors.data(), out.positives.data(), out.scores.data(), width,
                          s.chosen, s.selection, s.draw},
                         s.batch, out.chosen.data(), out.chosen_scores.data());
  out.gradient.resize(out.unit.size());
  bank::ObjectiveScratch scratch;
  const bank::Losses losses = bank::objective(
      pool(), bank::best_kernels(), {s.mode, s.exclusive, s.temperature, s.weight},
      {in.bank.data(), s.rows, s.dimension, in.anchors.data(), s.batch, out.unit.data(),
       out.norms.data(), out.own.data(), out.nearest.data(), out.nearest_scores.data(), s.count,
       out.positives.data(), width, out.chosen.data(), out.chosen_scores.data(), s.chosen},
      scratch, out.gradient.data());
  out.instance = losses.instance;
  out.invariance = losses.invariance;
  for (int32_t b = 0; b < s.batch; ++b) out.counts.push_back(b * 7 % (s.count + 1));
  out.sums.resize(out.unit.size());
  bank::sum_weighted_rows(pool(), bank::best_kernels(),
                          {in.bank.data(), s.rows, s.dimension, out.nearest.data(),
                           out.nearest_scores.data(), s.count, out.counts.data()},
                          s.batch, out.sums.data());
  out.graph = in.graph;
  bank::update_graph(pool(),
                     {out.nearest.data(), out.nearest_scores.data(), s.count, s.neighbours,
                      s.mode == INVP_BANK_MODE_OFFICIAL},
                     in.anchors.data(), s.batch, out.graph.data());
  out.bank = in.bank;
  bank::update_bank(pool(), out.bank.data(), s.dimension, in.anchors.data(), s.batch,
                    out.unit.data(), s.momentum);
  return out;
}

/* The device's stages, fed with the CPU's nearest rows. */
void expect_equal(const Step& s, const Inputs& in, const Outputs& expected) {
  const auto batch = static_cast<size_t>(s.batch);
  DeviceArray<float> bank(in.bank), embeddings(in.embeddings), unit(in.embeddings.size()),
      norms(batch);
  DeviceArray<double> mean_cosine(1), losses(2);
  DeviceArray<int32_t> verdicts(2), anchors(in.anchors), graph(in.graph);
  DeviceArray<int32_t> raised(std::vector<int32_t>{0, 0});
  check_status(invp_cuda_normalise(kStream, embeddings.get(), s.batch, s.dimension, unit.get(),
                                   norms.get(), mean_cosine.get(), verdicts.get()));
  ASSERT_EQ(verdicts.read(), (std::vector<int32_t>{0, 0}));
  expect_same_bits(unit.read(), expected.unit, "unit");
  expect_same_bits(norms.read(), expected.norms, "norms");
  EXPECT_EQ(mean_cosine.read()[0], expected.mean_cosine);

  int32_t width;
  int64_t bytes;
  check_status(invp_cuda_walk_width(s.neighbours, s.steps, &width));
  check_status(invp_cuda_walk_workspace(s.batch, s.neighbours, s.steps, &bytes));
  DeviceArray<unsigned char> walk_workspace(static_cast<size_t>(bytes));
  DeviceArray<int32_t> positives(batch * static_cast<size_t>(width));
  check_status(invp_cuda_walk(kStream, graph.get(), s.rows, s.neighbours, anchors.get(), s.batch,
                              s.steps, s.mode, walk_workspace.get(), bytes, positives.get(),
                              verdicts.get()));
  ASSERT_EQ(verdicts.read()[0], 0);
  ASSERT_EQ(positives.read(), expected.positives);

  DeviceArray<float> scores(positives.size()), own(batch);
  check_status(invp_cuda_score(kStream, bank.get(), s.rows, s.dimension, unit.get(), s.batch,
                               positives.get(), width, scores.get(), raised.get()));
  check_status(invp_cuda_score(kStream, bank.get(), s.rows, s.dimension, unit.get(), s.batch,
                               anchors.get(), 1, own.get(), raised.get()));
  expect_same_bits(scores.read(), expected.scores, "scores");
  expect_same_bits(own.read(), expected.own, "own scores");

  DeviceArray<int32_t> chosen(batch * static_cast<size_t>(s.chosen));
  DeviceArray<float> chosen_scores(chosen.size());
  check_status(invp_cuda_choose(kStream, anchors.get(), positives.get(), scores.get(), s.batch,
                                width, s.chosen, s.selection, s.draw, chosen.get(),
                                chosen_scores.get()));
  ASSERT_EQ(chosen.read(), expected.chosen);
  expect_same_bits(chosen_scores.read(), expected.chosen_scores, "chosen scores");

  DeviceArray<int32_t> nearest(expected.nearest);
  DeviceArray<float> nearest_scores(expected.nearest_scores), gradient(unit.size());
  check_status(invp_cuda_objective_workspace(s.batch, s.count, s.chosen, &bytes));
  DeviceArray<unsigned char> workspace(static_cast<size_t>(bytes));
  check_status(invp_cuda_objective(
      kStream, bank.get(), s.rows, s.dimension, anchors.get(), s.batch, unit.get(), norms.get(),
      own.get(), nearest.get(), nearest_scores.get(), s.count, positives.get(), width, chosen.get(),
      chosen_scores.get(), s.chosen, s.mode, s.exclusive ? 1 : 0, s.temperature, s.weight,
      workspace.get(), bytes, losses.get(), gradient.get(), verdicts.get()));
  EXPECT_EQ(verdicts.read()[0], 0);
  EXPECT_EQ(losses.read()[0], expected.instance);
  EXPECT_EQ(losses.read()[1], expected.invariance);
  expect_same_bits(gradient.read(), expected.gradient, "gradient");

  DeviceArray<int32_t> counts(expected.counts);
  DeviceArray<float> sums(unit.size());
  check_status(invp_cuda_weighted_rows(kStream, bank.get(), s.rows, s.dimension, nearest.get(),
                                       nearest_scores.get(), s.batch, s.count, counts.get(),
                                       sums.get(), raised.get()));
  expect_same_bits(sums.read(), expected.sums, "weighted rows");

  check_status(invp_cuda_update_graph(kStream, graph.get(), s.rows, s.neighbours, anchors.get(),
                                      s.batch, nearest.get(), nearest_scores.get(), s.count, s.mode,
                                      raised.get()));
  EXPECT_EQ(graph.read(), expected.graph);

  int32_t pitch;
  check_status(invp_cuda_pitch(s.dimension, &pitch));
  DeviceArray<uint16_t> shadow(static_cast<size_t>(s.rows) * static_cast<size_t>(pitch)),
      fresh(shadow.size());
  DeviceArray<float> norm(1), fresh_norm(1);
  check_status(
      invp_cuda_shadow(kStream, bank.get(), s.rows, s.dimension, shadow.get(), norm.get()));
  check_status(invp_cuda_update(kStream, bank.get(), s.rows, s.dimension, shadow.get(), norm.get(),
                                anchors.get(), s.batch, unit.get(), s.momentum, raised.get()));
  EXPECT_EQ(raised.read(), (std::vector<int32_t>{0, 0}));
  expect_same_bits(bank.read(), expected.bank, "bank");
  check_status(
      invp_cuda_shadow(kStream, bank.get(), s.rows, s.dimension, fresh.get(), fresh_norm.get()));
  EXPECT_EQ(shadow.read(), fresh.read()) << "the shadow kept up to date";
  EXPECT_GE(norm.read()[0], fresh_norm.read()[0]);
}

void expect_equal(const Step& s) {
  SCOPED_TRACE(s.text());
  const Inputs in = inputs_of(s);
  expect_equal(s, in, on_cpu(s, in));
}

TEST(CudaStages, equal_the_cpu_engine_on_random_shapes) {
  const auto seed = std::random_device{}();
  std::mt19937 random(seed);
  const auto draw = [&](int32_t low, int32_t high) {
    return std::uniform_int_distribution<int32_t>(low, high)(random);
  };
  for (int trial = 0; trial < 8; ++trial) {
    const int32_t rows = draw(12, 400), neighbours = draw(1, 5);
    invp_simt_seed(static_cast<uint64_t>(trial));
    expect_equal({.rows = rows,
                  .dimension = draw(1, 150),
                  .batch = draw(1, 9),
                  .count = draw(neighbours + 1, std::min(rows, 200)),
                  .neighbours = neighbours,
                  .steps = draw(1, 3),
                  .chosen = draw(1, 60),
                  .mode = draw(0, 1),
                  .exclusive = draw(0, 1) == 1,
                  .selection = draw(INVP_BANK_SELECTION_HARD, INVP_BANK_SELECTION_RANDOM),
                  .draw = static_cast<uint64_t>(draw(0, 1000)),
                  .temperature = draw(0, 1) == 1 ? 0.07f : 0.5f,
                  .weight = 0.1f * static_cast<float>(draw(0, 9)),
                  .momentum = 0.25f * static_cast<float>(draw(0, 4)),
                  .seed = static_cast<uint32_t>(random())});
  }
  invp_simt_seed(0);
}

TEST(CudaStages, equal_the_cpu_engine_where_the_sums_are_long_and_inexact) {
  // A small temperature spreads the terms over more than the 53 bits of a double: the order of the
  // sum shows.
  for (int32_t mode : {INVP_BANK_MODE_PAPER, INVP_BANK_MODE_OFFICIAL}) {
    for (float temperature : {0.2f, 0.01f})
      expect_equal({.rows = 5000,
                    .dimension = 130,
                    .batch = 2,
                    .count = 4100,
                    .neighbours = 4,
                    .steps = 3,
                    .chosen = 50,
                    .mode = mode,
                    .temperature = temperature});
  }
}

TEST(CudaStages, walk_with_a_table_too_large_for_shared_memory) {
  for (int32_t mode : {INVP_BANK_MODE_PAPER, INVP_BANK_MODE_OFFICIAL})
    expect_equal({.rows = 3000,
                  .dimension = 8,
                  .batch = 3,
                  .count = 60,
                  .neighbours = 13,
                  .steps = 3,
                  .chosen = 300,
                  .mode = mode});
}

TEST(CudaStages, take_one_anchor_in_one_dimension) {
  for (int32_t mode : {INVP_BANK_MODE_PAPER, INVP_BANK_MODE_OFFICIAL})
    expect_equal({.rows = 20,
                  .dimension = 1,
                  .batch = 1,
                  .count = 2,
                  .neighbours = 1,
                  .steps = 1,
                  .chosen = 1,
                  .mode = mode});
}

TEST(CudaStages, take_a_graph_of_zeros_where_no_positive_is_left) {
  Step s{.rows = 50,
         .dimension = 12,
         .batch = 3,
         .count = 20,
         .neighbours = 4,
         .steps = 3,
         .chosen = 10,
         .mode = INVP_BANK_MODE_PAPER};
  Inputs in = inputs_of(s);
  std::fill(in.graph.begin(), in.graph.end(), 0);
  in.anchors = {0, 7, 0};
  expect_equal(s, in, on_cpu(s, in));
}

TEST(CudaStages, take_a_temperature_at_which_the_own_row_is_far_behind) {
  // Scores differ by more than 87 temperatures, so that the own exponential is no float.
  const Step s{.rows = 60,
               .dimension = 12,
               .batch = 5,
               .count = 20,
               .neighbours = 3,
               .steps = 2,
               .chosen = 6,
               .mode = INVP_BANK_MODE_PAPER,
               .temperature = 0.002f};
  const Inputs in = inputs_of(s);
  const Outputs expected = on_cpu(s, in);
  EXPECT_TRUE(std::isfinite(expected.instance));
  EXPECT_GT(expected.instance, 87);
  expect_equal(s, in, expected);
}

TEST(CudaStages, give_the_same_bits_on_every_schedule) {
  for (int32_t mode : {INVP_BANK_MODE_PAPER, INVP_BANK_MODE_OFFICIAL}) {
    const Step s{.rows = 90,
                 .dimension = 37,
                 .batch = 4,
                 .count = 41,
                 .neighbours = 3,
                 .steps = 3,
                 .chosen = 12,
                 .mode = mode};
    const Inputs in = inputs_of(s);
    const Outputs expected = on_cpu(s, in);
    for (uint64_t seed = 0; seed < schedules(10); ++seed) {
      SCOPED_TRACE("schedule " + std::to_string(seed));
      invp_simt_seed(seed);
      ASSERT_NO_FATAL_FAILURE(expect_equal(s, in, expected));
      if (HasFailure()) break;
    }
  }
  invp_simt_seed(0);
}

TEST(CudaFillRandom, gives_the_cpu_engines_bits) {
  for (int32_t dimension : {1, 7, 128}) {
    std::vector<float> expected(static_cast<size_t>(101 * dimension));
    bank::fill_random(pool(), expected.data(), 101, dimension, 99);
    DeviceArray<float> found(expected.size());
    check_status(invp_cuda_fill_random(kStream, found.get(), 101, dimension, 99));
    expect_same_bits(found.read(), expected, "random bank");
  }
}

TEST(CudaCheckFinite, names_the_first_bad_row) {
  std::vector<float> rows(70 * 5, 1.0f);
  DeviceArray<int32_t> verdict(1);
  const auto verdict_of = [&] {
    DeviceArray<float> device(rows);
    check_status(invp_cuda_check_finite(kStream, device.get(), 70, 5, verdict.get()));
    return verdict.read()[0];
  };
  EXPECT_EQ(verdict_of(), 0);
  rows[69 * 5 + 4] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(verdict_of(), 0x7FFFFFFF - 69);
  rows[12 * 5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(verdict_of(), 0x7FFFFFFF - 12);
}

TEST(CudaNormalise, names_rows_that_are_not_finite_and_rows_of_norm_zero) {
  std::vector<float> rows(6 * 3, 1.0f);
  std::fill_n(&rows[4 * 3], 3, 0.0f);
  rows[2 * 3] = std::numeric_limits<float>::quiet_NaN();
  DeviceArray<float> device(rows), norms(6);
  DeviceArray<double> mean_cosine(1);
  DeviceArray<int32_t> verdicts(2);
  check_status(invp_cuda_normalise(kStream, device.get(), 6, 3, device.get(), norms.get(),
                                   mean_cosine.get(), verdicts.get()));
  EXPECT_EQ(verdicts.read(), (std::vector<int32_t>{0x7FFFFFFF - 2, 0x7FFFFFFF - 4}));
}

TEST(CudaWalk, names_the_graph_row_that_points_nowhere) {
  for (int32_t mode : {INVP_CUDA_MODE_PAPER, INVP_CUDA_MODE_OFFICIAL}) {
    DeviceArray<int32_t> graph(std::vector<int32_t>{1, 1, 2, 9, 0, 0, 0, 0});
    DeviceArray<int32_t> anchors(std::vector<int32_t>{0, 2}), positives(2 * 6), verdict(2);
    int64_t bytes;
    check_status(invp_cuda_walk_workspace(2, 2, 2, &bytes));
    DeviceArray<unsigned char> workspace(static_cast<size_t>(bytes));
    check_status(invp_cuda_walk(kStream, graph.get(), 4, 2, anchors.get(), 2, 2, mode,
                                workspace.get(), bytes, positives.get(), verdict.get()));
    EXPECT_EQ(verdict.read()[0], 0x7FFFFFFF - 1);
  }
}

constexpr int32_t kBadIds[] = {-2,
                               -7,
                               5,
                               99'999'999,
                               std::numeric_limits<int32_t>::min(),
                               std::numeric_limits<int32_t>::max()};

/* A bank of five rows, and a batch of three, of which tests spoil the second. */
class CudaIds : public testing::TestWithParam<int32_t> {
 protected:
  static constexpr int32_t kRows = 5, kDimension = 4, kBatch = 3, kSpoilt = 0x7FFFFFFF - 1;

  std::vector<float> bank_ = std::vector<float>(kRows * kDimension, 0.5f);
  std::vector<float> unit_ = std::vector<float>(kBatch * kDimension, 0.25f);
  std::vector<int32_t> anchors_{0, 4, 2};
  DeviceArray<float> bank{bank_}, unit{unit_};
  DeviceArray<int32_t> raised{std::vector<int32_t>{0, 0}};
};

TEST_P(CudaIds, are_not_scored_and_named_where_they_are_no_rows) {
  DeviceArray<int32_t> ids(std::vector<int32_t>{0, 4, 1, GetParam(), -1, 2});
  DeviceArray<float> scores(6);
  check_status(invp_cuda_score(kStream, bank.get(), kRows, kDimension, unit.get(), kBatch,
                               ids.get(), 2, scores.get(), raised.get()));
  EXPECT_EQ(raised.read()[0], kSpoilt);
  EXPECT_EQ(scores.read(), (std::vector<float>{0.5f, 0.5f, 0.5f, 0, 0, 0.5f}));
}

TEST_P(CudaIds, stay_named_until_the_caller_has_read_it) {
  DeviceArray<int32_t> bad(std::vector<int32_t>{0, GetParam(), 1}), good(anchors_);
  DeviceArray<float> scores(3);
  for (const auto* ids : {&bad, &good})
    check_status(invp_cuda_score(kStream, bank.get(), kRows, kDimension, unit.get(), kBatch,
                                 ids->get(), 1, scores.get(), raised.get()));
  EXPECT_EQ(raised.read()[0], kSpoilt);
}

TEST_P(CudaIds, write_no_row_of_the_bank_where_one_of_them_is_none) {
  anchors_[1] = GetParam();
  DeviceArray<int32_t> anchors(anchors_);
  DeviceArray<uint16_t> shadow(kRows * 32);
  DeviceArray<float> norm(1);
  check_status(invp_cuda_shadow(kStream, bank.get(), kRows, kDimension, shadow.get(), norm.get()));
  check_status(invp_cuda_update(kStream, bank.get(), kRows, kDimension, shadow.get(), norm.get(),
                                anchors.get(), kBatch, unit.get(), 0.5f, raised.get()));
  EXPECT_EQ(raised.read(), (std::vector<int32_t>{kSpoilt, 0}));
  EXPECT_EQ(bank.read(), bank_);
}

TEST_P(CudaIds, write_no_row_of_the_graph_where_one_of_them_is_none) {
  const std::vector<int32_t> before(kRows * 2, 3);
  DeviceArray<float> scores(std::vector<float>(kBatch * 3, 0.5f));
  for (const bool anchor : {true, false}) {
    std::vector<int32_t> anchors = anchors_, nearest{0, 1, 2, 0, 3, 4, 1, 2, 3};
    (anchor ? anchors[1] : nearest[4]) = GetParam();
    DeviceArray<int32_t> graph(before), of(anchors), near(nearest),
        verdict(std::vector<int32_t>{0});
    check_status(invp_cuda_update_graph(kStream, graph.get(), kRows, 2, of.get(), kBatch,
                                        near.get(), scores.get(), 3, INVP_CUDA_MODE_PAPER,
                                        verdict.get()));
    EXPECT_EQ(verdict.read()[0], kSpoilt);
    EXPECT_EQ(graph.read(), before);
  }
}

TEST_P(CudaIds, walk_nowhere_from_an_anchor_that_is_none) {
  anchors_[1] = GetParam();
  DeviceArray<int32_t> graph(std::vector<int32_t>{1, 2, 3, 4, 0}), anchors(anchors_), verdicts(2),
      positives(kBatch * 2);
  for (int32_t mode : {INVP_CUDA_MODE_PAPER, INVP_CUDA_MODE_OFFICIAL}) {
    int64_t bytes;
    check_status(invp_cuda_walk_workspace(kBatch, 1, 2, &bytes));
    DeviceArray<unsigned char> workspace(static_cast<size_t>(bytes));
    check_status(invp_cuda_walk(kStream, graph.get(), kRows, 1, anchors.get(), kBatch, 2, mode,
                                workspace.get(), bytes, positives.get(), verdicts.get()));
    EXPECT_EQ(verdicts.read(), (std::vector<int32_t>{0, kSpoilt}));
    EXPECT_EQ(positives.read(), (std::vector<int32_t>{1, 2, -1, -1, 3, 4}));
  }
}

TEST_P(CudaIds, are_not_summed_where_one_of_a_list_is_none) {
  DeviceArray<int32_t> ids(std::vector<int32_t>{0, 4, 1, GetParam(), 0, 2});
  DeviceArray<int32_t> counts(std::vector<int32_t>{2, 2, 1});
  DeviceArray<float> weights(std::vector<float>(6, 2.0f)), sums(kBatch * kDimension);
  check_status(invp_cuda_weighted_rows(kStream, bank.get(), kRows, kDimension, ids.get(),
                                       weights.get(), kBatch, 2, counts.get(), sums.get(),
                                       raised.get()));
  EXPECT_EQ(raised.read()[0], kSpoilt);
  EXPECT_EQ(sums.read(), (std::vector<float>{2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 1, 1}));
}

TEST_P(CudaIds, give_neither_loss_nor_gradient_where_one_is_none) {
  DeviceArray<float> norms(std::vector<float>(kBatch, 1.0f)), own(std::vector<float>(kBatch, 0.5f)),
      scores(std::vector<float>(kBatch * 2, 0.5f)), gradient(kBatch * kDimension);
  DeviceArray<double> losses(2);
  DeviceArray<int32_t> positives(std::vector<int32_t>{1, -1, 2, -1, 3, -1}), verdict(1);
  int64_t bytes;
  check_status(invp_cuda_objective_workspace(kBatch, 2, 2, &bytes));
  DeviceArray<unsigned char> workspace(static_cast<size_t>(bytes));
  for (const int part : {0, 1, 2, 3}) {
    std::vector<int32_t> anchors = anchors_, nearest{0, 1, 1, 4, 2, 3}, chosen{1, -1, 2, -1, 3, -1};
    (part == 0 ? anchors[1] : part == 1 ? nearest[3] : chosen[2]) = part == 3 ? -1 : GetParam();
    if (part == 3) chosen[3] = 2;  // behind the end of the list
    DeviceArray<int32_t> of(anchors), near(nearest), picked(chosen);
    for (int32_t mode : {INVP_CUDA_MODE_PAPER, INVP_CUDA_MODE_OFFICIAL}) {
      check_status(invp_cuda_objective(
          kStream, bank.get(), kRows, kDimension, of.get(), kBatch, unit.get(), norms.get(),
          own.get(), near.get(), scores.get(), 2, positives.get(), 2, picked.get(), scores.get(), 2,
          mode, 1, 0.5f, 1, workspace.get(), bytes, losses.get(), gradient.get(), verdict.get()));
      EXPECT_EQ(verdict.read()[0], kSpoilt) << "part " << part << " mode " << mode;
      const auto slope = gradient.read();
      for (size_t d = kDimension; d < 2 * kDimension; ++d) EXPECT_EQ(slope[d], 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bad, CudaIds, testing::ValuesIn(kBadIds));

TEST(CudaLists, are_refused_where_they_do_not_ascend_or_leave_too_few) {
  DeviceArray<float> bank(std::vector<float>(8, 0.5f)), scores(std::vector<float>(3, 0.5f)),
      sums(2);
  DeviceArray<int32_t> fallen(std::vector<int32_t>{2, 1, 3}), own(std::vector<int32_t>{2, 2, 3}),
      anchor(std::vector<int32_t>{2}), graph(std::vector<int32_t>(8, 0)),
      raised(std::vector<int32_t>{0}), twice(std::vector<int32_t>{0});
  for (const int32_t count : {3, 4, -1}) {
    DeviceArray<int32_t> counts(std::vector<int32_t>{count}), verdict(std::vector<int32_t>{0});
    check_status(invp_cuda_weighted_rows(kStream, bank.get(), 4, 2, fallen.get(), scores.get(), 1,
                                         3, counts.get(), sums.get(), verdict.get()));
    EXPECT_EQ(verdict.read()[0], 0x7FFFFFFF);
    EXPECT_EQ(sums.read(), (std::vector<float>{0, 0}));
  }
  check_status(invp_cuda_update_graph(kStream, graph.get(), 4, 2, anchor.get(), 1, own.get(),
                                      scores.get(), 3, INVP_CUDA_MODE_PAPER, twice.get()));
  EXPECT_EQ(twice.read()[0], 0x7FFFFFFF);
  EXPECT_EQ(graph.read(), std::vector<int32_t>(8, 0));
}

TEST(CudaUpdate, writes_nothing_where_an_embedding_is_not_finite) {
  const std::vector<float> before{1, 0, 0, 1};
  DeviceArray<float> bank(before), norm(1),
      unit(std::vector<float>{0, 1, std::numeric_limits<float>::quiet_NaN(), 0});
  DeviceArray<uint16_t> shadow(64);
  DeviceArray<int32_t> anchors(std::vector<int32_t>{0, 1}), raised(std::vector<int32_t>{0, 0});
  check_status(invp_cuda_shadow(kStream, bank.get(), 2, 2, shadow.get(), norm.get()));
  check_status(invp_cuda_update(kStream, bank.get(), 2, 2, shadow.get(), norm.get(), anchors.get(),
                                2, unit.get(), 0.5f, raised.get()));
  EXPECT_EQ(raised.read(), (std::vector<int32_t>{0, 0x7FFFFFFF - 1}));
  EXPECT_EQ(bank.read(), before);
}

TEST(CudaUpdate, keeps_the_fresh_embedding_when_the_blend_cancels) {
  DeviceArray<float> bank(std::vector<float>{1, 0}), unit(std::vector<float>{-1, 0}), norm(1);
  DeviceArray<uint16_t> shadow(32);
  DeviceArray<int32_t> anchors(std::vector<int32_t>{0}), raised(std::vector<int32_t>{0, 0});
  check_status(invp_cuda_shadow(kStream, bank.get(), 1, 2, shadow.get(), norm.get()));
  check_status(invp_cuda_update(kStream, bank.get(), 1, 2, shadow.get(), norm.get(), anchors.get(),
                                1, unit.get(), 0.5f, raised.get()));
  EXPECT_EQ(bank.read(), (std::vector<float>{-1, 0}));
}

TEST(CudaChoose, pads_and_counts_repeated_ids_repeatedly) {
  const std::vector<int32_t> ids{4, 4, -1, 7, 4, -1};
  const std::vector<float> scores{0.5f, 0.5f, 0, 0.25f, 0.5f, 0};
  DeviceArray<int32_t> anchor(std::vector<int32_t>{0}), device_ids(ids), chosen(5);
  DeviceArray<float> device_scores(scores), chosen_scores(5);
  check_status(invp_cuda_choose(kStream, anchor.get(), device_ids.get(), device_scores.get(), 1, 6,
                                5, INVP_BANK_SELECTION_HARD, 0, chosen.get(), chosen_scores.get()));
  EXPECT_EQ(chosen.read(), (std::vector<int32_t>{7, 4, 4, 4, -1}));
  EXPECT_EQ(chosen_scores.read(), (std::vector<float>{0.25f, 0.5f, 0.5f, 0.5f, 0}));
  check_status(invp_cuda_choose(kStream, anchor.get(), device_ids.get(), device_scores.get(), 1, 6,
                                2, INVP_BANK_SELECTION_EASY, 0, chosen.get(), chosen_scores.get()));
  EXPECT_EQ(chosen.read()[1], 4);
}

TEST(CudaArguments, are_checked_before_anything_is_queued) {
  DeviceArray<float> floats(64);
  DeviceArray<int32_t> ints(64);
  DeviceArray<double> losses(2);
  const auto refused = [](int32_t status) { return status == INVP_INVALID_ARGUMENT; };
  const int64_t before = invp_simt_launches();
  EXPECT_TRUE(refused(invp_cuda_check_finite(kStream, nullptr, 1, 1, ints.get())));
  EXPECT_TRUE(refused(invp_cuda_check_finite(kStream, floats.get() + 1, 1, 1, ints.get())));
  EXPECT_TRUE(refused(invp_cuda_check_finite(kStream, floats.get(), 0, 1, ints.get())));
  EXPECT_TRUE(
      refused(invp_cuda_check_finite(kStream, floats.get(), int64_t{1} << 31, 1, ints.get())));
  EXPECT_TRUE(refused(invp_cuda_choose(kStream, ints.get(), ints.get(), floats.get(), 1, 1, 4097, 1,
                                       0, ints.get(), floats.get())));
  EXPECT_TRUE(refused(invp_cuda_choose(kStream, ints.get(), ints.get(), floats.get(), 1, 1, 1, 3, 0,
                                       ints.get(), floats.get())));
  int64_t bytes;
  int32_t width;
  EXPECT_TRUE(refused(invp_cuda_walk_width(100, 5, &width)));
  EXPECT_TRUE(refused(invp_cuda_repair_workspace(10, 11, 1, &bytes)));
  EXPECT_TRUE(refused(invp_cuda_capacity(10, 11, &bytes)));
  EXPECT_TRUE(refused(invp_cuda_walk(kStream, ints.get(), 4, 2, ints.get(), 2, 2, 7, ints.get(), 4,
                                     ints.get(), ints.get())));
  EXPECT_TRUE(
      refused(invp_cuda_update(kStream, floats.get(), 1, 1, reinterpret_cast<uint16_t*>(ints.get()),
                               floats.get(), ints.get(), 1, floats.get(), 1.5f, ints.get())));
  // What is written must not be read as well, nor the half of it.
  EXPECT_TRUE(refused(invp_cuda_score(kStream, floats.get(), 4, 4, floats.get() + 16, 1, ints.get(),
                                      4, floats.get() + 12, ints.get() + 8)));
  EXPECT_TRUE(refused(invp_cuda_normalise(kStream, floats.get(), 2, 8, floats.get() + 8,
                                          floats.get() + 32, losses.get(), ints.get())));
  EXPECT_EQ(invp_simt_launches(), before);
  EXPECT_EQ(invp_cuda_abi_version(), INVP_CUDA_ABI_VERSION);
  char text[64];
  EXPECT_GT(invp_cuda_build_info(text, sizeof text), 0);
  EXPECT_NE(std::string(text).find("simt"), std::string::npos);
}

TEST(CudaFailures, come_back_as_a_status_with_cudas_words) {
  DeviceArray<float> rows(64);
  DeviceArray<int32_t> verdict(1);
  invp_simt_lose_device(0, 999);
  EXPECT_EQ(invp_cuda_check_finite(kStream, rows.get(), 4, 4, verdict.get()), INVP_BACKEND_FAILURE);
  char text[128];
  invp_cuda_last_error(text, sizeof text);
  EXPECT_NE(std::string(text).find("unknown error"), std::string::npos) << text;
  invp_simt_reset();
}

}  // namespace
}  // namespace invp::cuda_test
