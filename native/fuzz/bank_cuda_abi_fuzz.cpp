/*
 * Every function of invp/bank_cuda.h with drawn arguments, the kernels on the emulated device,
 * whose memory may be any: here arrays of the exact size, for AddressSanitizer. See call.h.
 */
#include "call.h"
#include "invp/bank_cuda.h"
#include "invp_simt.h"

extern "C" int cudaDeviceSynchronize(void);

namespace {

using invp::fuzz::Call;
using invp::fuzz::Choices;
using invp::fuzz::Order;

constexpr void* kStream = nullptr;

struct Sizes {
  int32_t rows, dimension, batch, count, width, chosen;

  explicit Sizes(Call& call)
      : rows(call.size(90)),
        dimension(call.size(40)),
        batch(call.size(4)),
        count(call.size(30)),
        width(call.size(20)),
        chosen(call.size(8)) {}

  int32_t pitch() const {
    int32_t pitch = 1;
    return invp_cuda_pitch(dimension, &pitch) == INVP_OK ? pitch : 1;
  }
};

int32_t fill_random(Call& call, const Sizes& s) {
  auto* const bank = call.output<float>({s.rows, s.dimension});
  call.begin();
  return invp_cuda_fill_random(kStream, bank, s.rows, s.dimension, 1);
}

int32_t check_finite(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  auto* const verdict = call.output<int32_t>({1});
  call.begin();
  return invp_cuda_check_finite(kStream, bank, s.rows, s.dimension, verdict);
}

int32_t normalise(Call& call, const Sizes& s) {
  call.may_be_in_place = true;
  const auto* const embeddings = call.floats({s.batch, s.dimension});
  auto* const unit = call.choices().once_in(3) ? call.in_place(embeddings, {s.batch, s.dimension})
                                               : call.output<float>({s.batch, s.dimension});
  auto* const norms = call.output<float>({s.batch});
  auto* const cosine = call.output<double>({1});
  auto* const verdicts = call.output<int32_t>({2});
  call.begin();
  return invp_cuda_normalise(kStream, embeddings, s.batch, s.dimension, unit, norms, cosine,
                             verdicts);
}

int32_t shadow(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  auto* const halves = call.output<uint16_t>({s.rows, s.pitch()});
  auto* const norm = call.output<float>({1});
  call.begin();
  return invp_cuda_shadow(kStream, bank, s.rows, s.dimension, halves, norm);
}

int32_t prepare_queries(Call& call, const Sizes& s) {
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const norm = call.floats({1});
  auto* const queries = call.output<uint16_t>({s.batch, s.pitch()});
  auto* const bounds = call.output<float>({s.batch});
  auto* const verdict = call.output<int32_t>({1});
  const int32_t rounded = call.choice(1);
  call.begin();
  return invp_cuda_prepare_queries(kStream, unit, s.batch, s.dimension, norm, rounded, queries,
                                   bounds, verdict);
}

int32_t sample_scores(Call& call, const Sizes& s) {
  const auto* const halves = call.input<uint16_t>({s.rows, s.pitch()});
  const auto* const queries = call.input<uint16_t>({s.batch, s.pitch()});
  const int64_t size = call.size(20), stride = call.size(5);
  auto* const scores = call.output<float>({s.batch, size});
  call.begin();
  return invp_cuda_sample_scores(kStream, halves, s.rows, s.dimension, size, stride, queries,
                                 s.batch, scores);
}

int32_t thresholds(Call& call, const Sizes& s) {
  const int64_t size = call.choices().once_in(8) ? 0 : call.size(50), rank = call.choice(20);
  const int32_t rounded = call.choice(1);
  // Without a sample there need be no scores.
  const auto* const scores =
      size == 0 ? nullptr : call.input<unsigned char>({s.batch, size, rounded != 0 ? 2 : 4});
  const auto* const bounds = call.floats({s.batch});
  auto* const found = call.output<float>({s.batch});
  auto* const counts = call.output<int32_t>({s.batch, INVP_CUDA_COUNTER_STRIDE});
  call.begin();
  return invp_cuda_thresholds(kStream, scores, rounded, s.batch, size, rank, bounds, found, counts);
}

/* Keys that name rows of the bank, and now and then none. */
uint64_t* candidates(Call& call, const Sizes& s, int64_t capacity) {
  auto* const keys = call.output<uint64_t>({s.batch, capacity});
  for (int64_t i = 0; keys != nullptr && s.batch > 0 && i < s.batch * capacity; ++i)
    keys[i] = uint64_t{call.choices().number()} << 32 |
              static_cast<uint32_t>(~call.choice(std::clamp(s.rows, 1, 1000)));
  return keys;
}

int32_t similar(Call& call, const Sizes& s) {
  const auto* const halves = call.input<uint16_t>({s.rows, s.pitch()});
  const auto* const queries = call.input<uint16_t>({s.batch, s.pitch()});
  const auto* const bounds = call.floats({s.batch});
  auto* const counts = call.changed_ids({s.batch, INVP_CUDA_COUNTER_STRIDE}, 0, 1);
  const int64_t capacity = call.size(40), first = call.choice(20), count = call.size(60);
  auto* const keys = call.output<uint64_t>({s.batch, capacity});
  call.begin();
  return invp_cuda_similar(kStream, halves, s.rows, s.dimension, first, count, queries, s.batch,
                           bounds, counts, keys, capacity);
}

int32_t filter(Call& call, const Sizes& s) {
  const int64_t capacity = call.size(40), chunk = call.size(60);
  const int64_t first = call.choices().once_in(8)
                            ? call.choices().one_of({INT64_MAX, INT64_MIN, int64_t{1} << 31})
                            : call.choice(20);
  const int32_t rounded = call.choice(1);
  const auto* const scores = call.input<unsigned char>({s.batch, chunk, rounded != 0 ? 2 : 4});
  const auto* const bounds = call.floats({s.batch});
  auto* const counts = call.changed_ids({s.batch, INVP_CUDA_COUNTER_STRIDE}, 0, 1);
  auto* const keys = call.output<uint64_t>({s.batch, capacity});
  call.begin();
  return invp_cuda_filter(kStream, scores, rounded, s.batch, first, chunk, bounds, counts, keys,
                          capacity);
}

int32_t select(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const bounds = call.floats({s.batch});
  const auto* const limits = call.floats({s.batch});
  const int64_t capacity = call.size(40);
  const auto* const counts = call.ids({s.batch, INVP_CUDA_COUNTER_STRIDE}, 0, capacity + 2);
  auto* const keys = candidates(call, s, capacity);
  auto* const workspace = call.output<uint64_t>({s.batch, capacity});
  auto* const ids = call.output<int32_t>({s.batch, s.count});
  auto* const scores = call.output<float>({s.batch, s.count});
  auto* const missed = call.output<int32_t>({int64_t{s.batch} + 1});
  const int32_t order = call.choice(1);
  call.begin();
  return invp_cuda_select(kStream, bank, s.rows, s.dimension, unit, s.batch, bounds, limits, counts,
                          keys, capacity, s.count, order, workspace, ids, scores, missed);
}

int32_t repair(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const missed = call.ids({int64_t{s.batch} + 1}, 0, int64_t{s.batch} + 1);
  const int32_t first = call.choice(3), group = call.size(4), order = call.choice(1);
  int64_t bytes = 16;
  if (invp_cuda_repair_workspace(s.rows, s.count, group, &bytes) != INVP_OK) bytes = 16;
  auto* const workspace = call.output<unsigned char>({bytes});
  auto* const ids = call.output<int32_t>({s.batch, s.count});
  auto* const scores = call.output<float>({s.batch, s.count});
  auto* const verdict = call.output<int32_t>({1});
  call.begin();
  return invp_cuda_repair(kStream, bank, s.rows, s.dimension, unit, s.batch, missed, first, group,
                          s.count, order, workspace, bytes, ids, scores, verdict);
}

int32_t walk(Call& call, const Sizes& s) {
  const int32_t neighbours = call.size(4), steps = call.size(3), mode = call.choice(1);
  int32_t width = 1;
  int64_t bytes = 16;
  if (invp_cuda_walk_width(neighbours, steps, &width) != INVP_OK) width = 1;
  if (invp_cuda_walk_workspace(s.batch, neighbours, steps, &bytes) != INVP_OK) bytes = 16;
  const auto* const graph = call.ids({s.rows, neighbours}, 0, s.rows);
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  auto* const workspace = call.output<unsigned char>({bytes});
  auto* const positives = call.output<int32_t>({s.batch, width});
  auto* const verdicts = call.output<int32_t>({2});
  call.begin();
  return invp_cuda_walk(kStream, graph, s.rows, neighbours, anchors, s.batch, steps, mode,
                        workspace, bytes, positives, verdicts);
}

int32_t score(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const ids = call.ids({s.batch, s.width}, -1, s.rows);
  auto* const scores = call.output<float>({s.batch, s.width});
  auto* const verdict = call.output<int32_t>({1});
  call.begin();
  return invp_cuda_score(kStream, bank, s.rows, s.dimension, unit, s.batch, ids, s.width, scores,
                         verdict);
}

int32_t weighted_rows(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const ids = call.ids({s.batch, s.width}, 0, s.rows, Order::kAscending);
  const auto* const weights = call.floats({s.batch, s.width});
  const auto* const counts = call.ids({s.batch}, 0, int64_t{s.width} + 1);
  auto* const sums = call.output<float>({s.batch, s.dimension});
  auto* const verdict = call.output<int32_t>({1});
  call.begin();
  return invp_cuda_weighted_rows(kStream, bank, s.rows, s.dimension, ids, weights, s.batch, s.width,
                                 counts, sums, verdict);
}

int32_t choose(Call& call, const Sizes& s) {
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const ids = call.ids({s.batch, s.width}, -1, s.rows);
  const auto* const scores = call.floats({s.batch, s.width});
  auto* const chosen = call.output<int32_t>({s.batch, s.chosen});
  auto* const chosen_scores = call.output<float>({s.batch, s.chosen});
  const int32_t selection = call.choice(2);
  call.begin();
  return invp_cuda_choose(kStream, anchors, ids, scores, s.batch, s.width, s.chosen, selection,
                          call.choices().long_number(), chosen, chosen_scores);
}

int32_t objective(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const norms = call.floats({s.batch});
  const auto* const own = call.floats({s.batch});
  const auto* const near = call.ids({s.batch, s.count}, 0, s.rows, Order::kAscending);
  const auto* const near_scores = call.floats({s.batch, s.count});
  const auto* const positives = call.ids({s.batch, s.width}, -1, s.rows);
  const auto* const chosen = call.ids({s.batch, s.chosen}, 0, s.rows, Order::kPadded);
  const auto* const chosen_scores = call.floats({s.batch, s.chosen});
  int64_t bytes = 16;
  if (invp_cuda_objective_workspace(s.batch, s.count, s.chosen, &bytes) != INVP_OK) bytes = 16;
  auto* const workspace = call.output<unsigned char>({bytes});
  auto* const losses = call.output<double>({2});
  auto* const gradient = call.output<float>({s.batch, s.dimension});
  auto* const verdict = call.output<int32_t>({1});
  const int32_t mode = call.choice(1), exclusive = call.choice(1);
  const float temperature = call.positive(0.1f), weight = call.positive(0.5f);
  call.begin();
  return invp_cuda_objective(kStream, bank, s.rows, s.dimension, anchors, s.batch, unit, norms, own,
                             near, near_scores, s.count, positives, s.width, chosen, chosen_scores,
                             s.chosen, mode, exclusive, temperature, weight, workspace, bytes,
                             losses, gradient, verdict);
}

int32_t update_graph(Call& call, const Sizes& s) {
  const int32_t neighbours = call.size(4), mode = call.choice(1);
  auto* const graph = call.changed_ids({s.rows, neighbours}, 0, s.rows);
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const near = call.ids({s.batch, s.count}, 0, s.rows);
  const auto* const near_scores = call.floats({s.batch, s.count});
  auto* const verdict = call.output<int32_t>({1});
  call.begin();
  return invp_cuda_update_graph(kStream, graph, s.rows, neighbours, anchors, s.batch, near,
                                near_scores, s.count, mode, verdict);
}

int32_t update(Call& call, const Sizes& s) {
  auto* const bank = call.changed_floats({s.rows, s.dimension});
  auto* const halves = call.output<uint16_t>({s.rows, s.pitch()});
  auto* const norm = call.output<float>({1});
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const unit = call.floats({s.batch, s.dimension});
  auto* const verdicts = call.output<int32_t>({2});
  const float momentum = call.positive(0.5f);
  call.begin();
  return invp_cuda_update(kStream, bank, s.rows, s.dimension, halves, norm, anchors, s.batch, unit,
                          momentum, verdicts);
}

int32_t sizes(Call& call, const Sizes& s) {
  auto* const size = call.output<int64_t>({1});
  auto* const stride = call.output<int64_t>({1});
  auto* const rank = call.output<int64_t>({1});
  call.begin();
  invp_cuda_capacity(s.rows, s.count, nullptr);
  invp_cuda_repair_workspace(s.rows, s.count, s.batch, nullptr);
  invp_cuda_walk_workspace(s.batch, s.count, s.width, nullptr);
  invp_cuda_objective_workspace(s.batch, s.count, s.width, nullptr);
  invp_cuda_walk_width(s.count, s.width, nullptr);
  invp_cuda_build_info(nullptr, -1);
  return invp_cuda_sample(s.rows, s.count, size, stride, rank);
}

using Function = int32_t (*)(Call&, const Sizes&);

constexpr struct {
  const char* name;
  Function call;
} kFunctions[] = {{"fill_random", fill_random},
                  {"check_finite", check_finite},
                  {"normalise", normalise},
                  {"shadow", shadow},
                  {"prepare_queries", prepare_queries},
                  {"sample_scores", sample_scores},
                  {"thresholds", thresholds},
                  {"similar", similar},
                  {"filter", filter},
                  {"select", select},
                  {"repair", repair},
                  {"walk", walk},
                  {"score", score},
                  {"weighted_rows", weighted_rows},
                  {"choose", choose},
                  {"objective", objective},
                  {"update_graph", update_graph},
                  {"update", update},
                  {"sample", sizes}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  const auto& function = kFunctions[choices.number() % std::size(kFunctions)];
  Call call(function.name, choices);
  const Sizes extents(call);
  const int32_t status = function.call(call, extents);
  if (cudaDeviceSynchronize() != 0) {
    char text[512] = "";
    invp_simt_last_fault(text, sizeof text);
    invp::fuzz::fail(std::string(function.name) + " on the device: " + text);
  }
  call.end(status, invp_cuda_last_error);
  return 0;
}
