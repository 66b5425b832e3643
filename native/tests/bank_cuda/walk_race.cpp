/* One walk in the natural order of threads, for the race detector to watch. */
#include <cstddef>
#include <cstdint>

#include "invp/bank_cuda.h"

extern "C" {
int cudaMalloc(void** pointer, size_t bytes);
int cudaDeviceSynchronize(void);
}

namespace {

/* Memory of the emulated device, which is this process's. */
template <typename T>
T* allocate(int64_t count) {
  void* memory = nullptr;
  if (cudaMalloc(&memory, static_cast<size_t>(count) * sizeof(T)) != 0) return nullptr;
  return static_cast<T*>(memory);
}

}  // namespace

int main() {
  constexpr int32_t kRows = 64, kNeighbours = 4, kSteps = 3, kBatch = 2;
  auto* graph = allocate<int32_t>(kRows * kNeighbours);
  for (int32_t i = 0; i < kRows * kNeighbours; ++i) graph[i] = i * 7 % kRows;
  auto* anchors = allocate<int32_t>(kBatch);
  anchors[0] = 3;
  anchors[1] = 40;
  int32_t width = 0;
  int64_t bytes = 0;
  if (invp_cuda_walk_width(kNeighbours, kSteps, &width) != INVP_OK ||
      invp_cuda_walk_workspace(kBatch, kNeighbours, kSteps, &bytes) != INVP_OK)
    return 2;
  const int32_t status = invp_cuda_walk(nullptr, graph, kRows, kNeighbours, anchors, kBatch, kSteps,
                                        INVP_CUDA_MODE_PAPER, allocate<char>(bytes + 1), bytes,
                                        allocate<int32_t>(kBatch * width), allocate<int32_t>(2));
  return status != INVP_OK ? 3 : cudaDeviceSynchronize();
}
