/* LibTorch's process-wide state, as this library needs it. */
#ifndef INVP_NN_RUNTIME_H
#define INVP_NN_RUNTIME_H

#include <cstdint>
#include <string>

namespace invp::nn {

/* Call at the head of every computation: makes LibTorch deterministic, checks its version, and
 * gives the calling thread the number of threads that was set last. */
void enter();

void set_threads(int32_t threads);
int32_t threads();

std::string libtorch_version();
std::string cpu_capability();
std::string build_info();

}  // namespace invp::nn

#endif
