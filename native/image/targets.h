/*
 * The instruction sets that kernels of this room are compiled for; include before foreach_target.h.
 * Bytes gain little from 512 bits, and vectors of unknown length cannot be kept in arrays.
 */
#ifndef INVP_IMAGE_TARGETS_H
#define INVP_IMAGE_TARGETS_H

#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

#endif
