/* Every function of invp/bank.h with drawn arguments; see call.h. */
#include "call.h"
#include "invp/bank.h"

namespace {

using invp::fuzz::Call;
using invp::fuzz::Choices;
using invp::fuzz::Order;

invp_bank_engine* engine(Call& call) {
  static invp_bank_engine* const made = [] {
    invp_bank_engine* created = nullptr;
    if (invp_bank_engine_create(2, &created) != INVP_OK) std::abort();
    return created;
  }();
  return call.choices().once_in(200) ? nullptr : made;
}

/* The extents that the calls share. */
struct Sizes {
  int32_t rows, dimension, batch, count, width, chosen;

  explicit Sizes(Call& call)
      : rows(call.size(90)),
        dimension(call.size(40)),
        batch(call.size(6)),
        count(call.size(30)),
        width(call.size(20)),
        chosen(call.size(8)) {}
};

int32_t fill_random(Call& call, const Sizes& s) {
  auto* const bank = call.output<float>({s.rows, s.dimension});
  const bool part = call.choices().once_in(2);
  const int64_t first = call.choice(5), stride = call.size(7);
  call.begin();
  return part
             ? invp_bank_fill_random_part(engine(call), bank, s.rows, s.dimension, 1, first, stride)
             : invp_bank_fill_random(engine(call), bank, s.rows, s.dimension, 1);
}

int32_t check_finite(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  call.begin();
  return invp_bank_check_finite(engine(call), bank, s.rows, s.dimension);
}

int32_t normalise(Call& call, const Sizes& s) {
  call.may_be_in_place = true;
  const auto* const embeddings = call.floats({s.batch, s.dimension});
  auto* const unit = call.choices().once_in(3) ? call.in_place(embeddings, {s.batch, s.dimension})
                                               : call.output<float>({s.batch, s.dimension});
  auto* const norms = call.output<float>({s.batch});
  auto* const cosine = call.output<double>({1});
  call.begin();
  return invp_bank_normalise(engine(call), embeddings, s.batch, s.dimension, unit, norms, cosine);
}

int32_t nearest(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const queries = call.floats({s.batch, s.dimension});
  auto* const ids = call.output<int32_t>({s.batch, s.count});
  auto* const scores = call.output<float>({s.batch, s.count});
  const int32_t order = call.choice(1);
  call.begin();
  return invp_bank_nearest(engine(call), bank, s.rows, s.dimension, queries, s.batch, s.count,
                           order, ids, scores);
}

int32_t walk(Call& call, const Sizes& s) {
  const int32_t neighbours = call.size(4), steps = call.size(3), mode = call.choice(1);
  int32_t width = 1;
  if (invp_bank_walk_width(neighbours, steps, &width) != INVP_OK) width = 1;
  const auto* const graph = call.ids({s.rows, neighbours}, 0, s.rows);
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  auto* const positives = call.output<int32_t>({s.batch, width});
  call.begin();
  return invp_bank_walk(engine(call), graph, s.rows, neighbours, anchors, s.batch, steps, mode,
                        positives);
}

int32_t walk_hop(Call& call, const Sizes& s) {
  call.changes_on_refusal = true;
  const int32_t neighbours = call.size(4), mode = call.choice(1);
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  auto* const layers = call.changed_ids({s.batch, s.width}, -1, s.rows);
  auto* const positives = call.changed_ids({s.batch, s.width}, -1, s.rows);
  const int64_t images = call.choices().once_in(4) ? call.size(20) : s.batch;
  const auto* const rows = call.ids({images, neighbours}, 0, s.rows);
  call.begin();
  return invp_bank_walk_hop(engine(call), anchors, s.batch, rows, images, neighbours, mode, s.width,
                            layers, positives);
}

int32_t graph_rows(Call& call, const Sizes& s) {
  const int32_t neighbours = call.size(4), mode = call.choice(1);
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const candidates = call.ids({s.batch, s.width}, -1, s.rows);
  const auto* const scores = call.floats({s.batch, s.width});
  auto* const rows = call.output<int32_t>({s.batch, neighbours});
  call.begin();
  return invp_bank_graph_rows(engine(call), anchors, s.batch, candidates, scores, s.width,
                              neighbours, mode, rows);
}

int32_t mean_cosine(Call& call, const Sizes& s) {
  const auto* const unit = call.floats({s.batch, s.dimension});
  auto* const cosine = call.output<double>({1});
  call.begin();
  return invp_bank_mean_cosine(engine(call), unit, s.batch, s.dimension, cosine);
}

int32_t score(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const ids = call.ids({s.batch, s.width}, -1, s.rows);
  auto* const scores = call.output<float>({s.batch, s.width});
  call.begin();
  return invp_bank_score(engine(call), bank, s.rows, s.dimension, unit, s.batch, ids, s.width,
                         scores);
}

int32_t select(Call& call, const Sizes& s) {
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const ids = call.ids({s.batch, s.width}, -1, s.rows);
  const auto* const scores = call.floats({s.batch, s.width});
  auto* const chosen = call.output<int32_t>({s.batch, s.chosen});
  auto* const chosen_scores = call.output<float>({s.batch, s.chosen});
  const int32_t selection = call.choice(2);
  call.begin();
  return invp_bank_select(engine(call), anchors, ids, scores, s.batch, s.width, s.chosen, selection,
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
  auto* const loss_ins = call.output<double>({1});
  auto* const loss_inv = call.output<double>({1});
  auto* const gradient = call.output<float>({s.batch, s.dimension});
  const int32_t mode = call.choice(1), exclusive = call.choice(1);
  const float temperature = call.positive(0.1f), weight = call.positive(0.5f);
  call.begin();
  return invp_bank_objective(engine(call), bank, s.rows, s.dimension, anchors, s.batch, unit, norms,
                             own, near, near_scores, s.count, positives, s.width, chosen,
                             chosen_scores, s.chosen, mode, exclusive, temperature, weight,
                             loss_ins, loss_inv, gradient);
}

/* What the stages of a shard have in common. */
struct Shard {
  int32_t ranks, rank, mode, exclusive;
  const int32_t *anchors, *positives, *counts;

  Shard(Call& call, const Sizes& s)
      : ranks(call.size(4)),
        rank(call.choice(ranks > 0 ? ranks - 1 : 0)),
        mode(call.choice(1)),
        exclusive(call.choice(1)),
        anchors(call.ids({s.batch}, 0, s.rows)),
        positives(call.ids({s.batch, s.width}, -1, s.rows)),
        counts(call.ids({s.batch}, 0, int64_t{s.count} + 1)) {}
};

int32_t shard_maxima(Call& call, const Sizes& s) {
  call.changes_on_refusal = true;
  const Shard shard(call, s);
  auto* const near = call.changed_ids({s.batch, s.count}, 0, s.rows);
  auto* const near_scores = call.changed_floats({s.batch, s.count});
  auto* const maxima = call.output<float>({s.batch, 2});
  call.begin();
  return invp_bank_shard_maxima(engine(call), shard.rank, shard.ranks, shard.anchors, s.batch,
                                shard.positives, s.width, near, near_scores, s.count, shard.counts,
                                shard.mode, shard.exclusive, maxima);
}

int32_t shard_rest(Call& call, const Sizes& s) {
  const Shard shard(call, s);
  const auto* const own = call.floats({s.batch});
  const auto* const near = call.ids({s.batch, s.count}, 0, s.rows, Order::kAscending);
  const auto* const near_scores = call.floats({s.batch, s.count});
  const auto* const chosen = call.ids({s.batch, s.chosen}, 0, s.rows, Order::kPadded);
  const auto* const chosen_scores = call.floats({s.batch, s.chosen});
  const auto* const maxima = call.floats({s.batch, 2});
  const float temperature = call.positive(0.1f), weight = call.positive(0.5f);
  if (call.choices().once_in(2)) {
    auto* const sums = call.output<double>({s.batch, 2});
    call.begin();
    return invp_bank_shard_sums(engine(call), shard.rank, shard.ranks, shard.anchors, s.batch, own,
                                shard.positives, s.width, near, near_scores, s.count, shard.counts,
                                chosen, chosen_scores, s.chosen, maxima, shard.mode,
                                shard.exclusive, temperature, sums);
  }
  const int64_t listed = int64_t{s.count} + 1 + s.chosen;
  const auto* const inside = call.ids({s.batch}, 0, 2);
  const auto* const sums = call.input<double>({s.batch, 2});
  auto* const losses = call.output<double>({s.batch, 2});
  auto* const rows = call.output<int32_t>({s.batch, listed});
  auto* const weights = call.output<float>({s.batch, listed});
  auto* const counts = call.output<int32_t>({s.batch});
  call.begin();
  return invp_bank_shard_weights(
      engine(call), shard.rank, shard.ranks, shard.anchors, s.batch, own, inside, shard.positives,
      s.width, near, near_scores, s.count, shard.counts, chosen, chosen_scores, s.chosen, maxima,
      sums, shard.mode, shard.exclusive, temperature, weight, losses, rows, weights, counts);
}

int32_t weighted_rows(Call& call, const Sizes& s) {
  const auto* const bank = call.floats({s.rows, s.dimension});
  const auto* const ids = call.ids({s.batch, s.width}, 0, s.rows, Order::kAscending);
  const auto* const weights = call.floats({s.batch, s.width});
  const auto* const counts = call.ids({s.batch}, 0, int64_t{s.width} + 1);
  auto* const sums = call.output<float>({s.batch, s.dimension});
  call.begin();
  return invp_bank_weighted_rows(engine(call), bank, s.rows, s.dimension, ids, weights, s.batch,
                                 s.width, counts, sums);
}

int32_t project(Call& call, const Sizes& s) {
  const auto* const unit = call.floats({s.batch, s.dimension});
  const auto* const norms = call.floats({s.batch});
  auto* const gradient = call.changed_floats({s.batch, s.dimension});
  const float temperature = call.positive(0.1f);
  const int64_t total = call.choices().once_in(8) ? call.size(6) : int64_t{s.batch} + 2;
  call.begin();
  return invp_bank_project(engine(call), unit, norms, s.batch, s.dimension, temperature, total,
                           gradient);
}

int32_t update_graph(Call& call, const Sizes& s) {
  const int32_t neighbours = call.size(4), mode = call.choice(1);
  auto* const graph = call.changed_ids({s.rows, neighbours}, 0, s.rows);
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const near = call.ids({s.batch, s.count}, 0, s.rows);
  const auto* const near_scores = call.floats({s.batch, s.count});
  call.begin();
  return invp_bank_update_graph(engine(call), graph, s.rows, neighbours, anchors, s.batch, near,
                                near_scores, s.count, mode);
}

int32_t update(Call& call, const Sizes& s) {
  auto* const bank = call.changed_floats({s.rows, s.dimension});
  const auto* const anchors = call.ids({s.batch}, 0, s.rows);
  const auto* const unit = call.floats({s.batch, s.dimension});
  const float momentum = call.positive(0.5f);
  call.begin();
  return invp_bank_update(engine(call), bank, s.rows, s.dimension, anchors, s.batch, unit,
                          momentum);
}

int32_t engines(Call& call, const Sizes&) {
  invp_bank_engine* made = nullptr;
  invp_bank_engine** const out = call.choices().once_in(4) ? nullptr : &made;
  int32_t status = invp_bank_engine_create(
      call.choices().one_of({-1, 0, 1, 3, 1025, std::numeric_limits<int32_t>::max()}), out);
  if (made != nullptr) status = invp_bank_engine_destroy(made);
  invp_bank_engine_destroy(nullptr);
  double gflops = 0;
  invp_bank_peak_gflops(engine(call), call.choices().one_of({0.0, -1.0, 61.0, 1e-4}), &gflops);
  invp_bank_build_info(nullptr, -1);
  invp_bank_walk_width(call.size(2000), call.size(2000), nullptr);
  char text[8];
  invp_bank_build_info(text, call.choice(8) & 7);
  call.begin();
  return status;
}

using Function = int32_t (*)(Call&, const Sizes&);

constexpr struct {
  const char* name;
  Function call;
} kFunctions[] = {{"fill_random", fill_random},
                  {"check_finite", check_finite},
                  {"normalise", normalise},
                  {"nearest", nearest},
                  {"walk", walk},
                  {"walk_hop", walk_hop},
                  {"graph_rows", graph_rows},
                  {"mean_cosine", mean_cosine},
                  {"score", score},
                  {"select", select},
                  {"objective", objective},
                  {"shard_maxima", shard_maxima},
                  {"shard_sums or shard_weights", shard_rest},
                  {"weighted_rows", weighted_rows},
                  {"project", project},
                  {"update_graph", update_graph},
                  {"update", update},
                  {"engine_create", engines}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Choices choices(data, size);
  const auto& function = kFunctions[choices.number() % std::size(kFunctions)];
  Call call(function.name, choices);
  const Sizes sizes(call);
  call.end(function.call(call, sizes), invp_bank_last_error);
  return 0;
}
