/*
 * Marks a hot loop to be compiled for AVX2 as well and picked when the library
 * is loaded. Only element-wise code is marked, and contraction is off, so both
 * versions give the same bits. Sanitizers run before such picks can.
 */
#ifndef INVP_IMAGE_CLONES_H
#define INVP_IMAGE_CLONES_H

#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_THREAD__) && \
    !defined(__SANITIZE_ADDRESS__)
#define INVP_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define INVP_CLONES
#endif

#endif
