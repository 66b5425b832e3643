#include "select.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "preference.h"

namespace invp::bank {
namespace {

constexpr int64_t kAnchorsPerPiece = 16;

}  // namespace

void select_positives(ThreadPool& pool, const Selection& selection, int32_t batch, int32_t* chosen,
                      float* chosen_scores) {
  pool.for_each(batch, kAnchorsPerPiece, [&](int, int64_t begin, int64_t end) {
    std::vector<RankKey> keys;
    for (int64_t b = begin; b < end; ++b) {
      const int32_t* ids = selection.ids + b * selection.width;
      const float* scores = selection.scores + b * selection.width;
      const Preference preference(selection.how, selection.draw, selection.anchors[b]);
      keys.clear();
      for (int32_t j = 0; j < selection.width; ++j) {
        if (ids[j] >= 0) keys.push_back(preference.key(ids[j], scores[j], j));
      }
      const auto kept = std::min<std::ptrdiff_t>(selection.count, std::ssize(keys));
      std::partial_sort(keys.begin(), keys.begin() + kept, keys.end(), std::greater<>());
      int32_t* out_ids = chosen + b * selection.count;
      float* out_scores = chosen_scores + b * selection.count;
      for (std::ptrdiff_t j = 0; j < kept; ++j) {
        out_ids[j] = preference.id(keys[static_cast<size_t>(j)], ids);
        out_scores[j] = preference.score(keys[static_cast<size_t>(j)], scores);
      }
      std::fill(out_ids + kept, out_ids + selection.count, -1);
      std::fill(out_scores + kept, out_scores + selection.count, 0.0f);
    }
  });
}

}  // namespace invp::bank
