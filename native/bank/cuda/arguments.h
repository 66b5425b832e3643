/* Checks that the exported functions share; all throw std::invalid_argument. */
#ifndef INVP_CUDA_ARGUMENTS_H
#define INVP_CUDA_ARGUMENTS_H

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

#include "arrays.h"
#include "guard.h"
#include "invp/bank_cuda.h"

namespace invp::cuda {

using invp::Array;
using invp::reads;
using invp::require_arrays;
using invp::writes;

/* The device's arrays of a call: as require_arrays, and aligned. */
inline void require_device(std::initializer_list<Array> arrays) {
  require_arrays(arrays);
  for (const Array& array : arrays) {
    if (array.first % 16 != 0)
      throw std::invalid_argument(std::string(array.name) + " is not aligned to 16 bytes");
  }
}

/* Pointers to host memory. */
template <typename... Pointers>
void require_results(const Pointers*... pointers) {
  require(((pointers != nullptr) && ...), "a required pointer is NULL");
}

inline void require_shape(int64_t rows, int32_t dimension) {
  require(rows >= 1 && rows <= std::numeric_limits<int32_t>::max(), "rows must be 1 to 2147483647");
  require(dimension >= 1 && dimension <= 65536, "dimension must be 1 to 65536");
}

inline void require_batch(int32_t batch) {
  require(batch >= 1 && batch <= 65535, "batch must be 1 to 65535");
}

inline void require_count(int64_t rows, int32_t count) {
  require(count >= 1 && count <= rows, "count of nearest rows must be 1 to the bank's rows");
}

inline void require_order(int32_t order) {
  require(order == INVP_CUDA_ORDER_SIMILARITY || order == INVP_CUDA_ORDER_ID,
          "unknown order of nearest rows");
}

inline void require_mode(int32_t mode) {
  require(mode == INVP_CUDA_MODE_PAPER || mode == INVP_CUDA_MODE_OFFICIAL,
          "mode must be paper or official");
}

inline void require_temperature(float temperature) {
  require(temperature >= std::numeric_limits<float>::min() && std::isfinite(temperature),
          "temperature must be at least 1.2e-38 and finite");
}

inline void require_weight(float invariance_weight) {
  require(invariance_weight >= 0 && std::isfinite(invariance_weight),
          "invariance_weight must be at least 0 and finite");
}

inline void require_capacity(int64_t capacity) {
  require(capacity >= 1 && capacity <= std::numeric_limits<int32_t>::max(),
          "capacity must be 1 to 2147483647");
}

inline void require_workspace(int64_t given, int64_t needed) {
  require(given >= needed, "the workspace is smaller than its query function says");
}

inline int32_t pitch_of(int32_t dimension) { return (dimension + 31) / 32 * 32; }

}  // namespace invp::cuda

#endif
