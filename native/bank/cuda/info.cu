/* What this library is, and the message of its last failure. */
#include "arguments.h"
#include "platform.cuh"

#ifndef INVP_CUDA_ARCHITECTURES
#define INVP_CUDA_ARCHITECTURES "simt"
#endif

INVP_EXPORT int32_t invp_cuda_abi_version(void) { return INVP_CUDA_ABI_VERSION; }

INVP_EXPORT int64_t invp_cuda_build_info(char* buffer, int64_t capacity) {
  return invp::copy_text("invp_bank_cuda " INVP_VERSION " " INVP_CUDA_ARCHITECTURES, buffer,
                         capacity);
}

INVP_EXPORT int64_t invp_cuda_last_error(char* buffer, int64_t capacity) {
  return invp::copy_text(invp::last_error(), buffer, capacity);
}
