/*
 * Hooks of the emulated device, exported by libinvp_bank_simt.so beside the functions of
 * invp/bank_cuda.h, cudart and cuBLAS that it stands in for. For tests.
 *
 * The emulated device is as lazy as a real one: launches, copies and cuBLAS calls on a stream
 * happen when somebody waits for the stream (or an event, or the device), so that a missing wait
 * shows. A fault of a kernel comes back from that wait as cudaErrorLaunchFailure and stays until
 * invp_simt_reset.
 */
#ifndef INVP_SIMT_H
#define INVP_SIMT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The schedule of the launches from now on; 0 (the default) is the natural order. */
void invp_simt_seed(uint64_t seed);

/* What the last faulty launch did: kernel, block, thread, source line. Always terminated; returns
 * the full length. */
int64_t invp_simt_last_fault(char* buffer, int64_t capacity);

/* Forgets faults, injected failures, and queued work; frees no memory. */
void invp_simt_reset(void);

/* The n-th allocation from now on (1: the next) fails with cudaErrorMemoryAllocation; 0 stops that.
 */
void invp_simt_fail_allocation(int64_t n);

/* After n further launches or cuBLAS calls every call fails with `error` (a cudaError_t); n < 0
 * stops that. */
void invp_simt_lose_device(int64_t n, int32_t error);

/* Device memory of the emulated device; the default is 4 GiB. */
void invp_simt_set_memory(int64_t bytes);

/* Allocations (device and pinned host memory), streams, events and handles that were made and not
 * yet given back. */
int64_t invp_simt_live_objects(void);

/* Launches since the library was loaded. */
int64_t invp_simt_launches(void);
/* Bytes of the copies between host and device so far, asked for by cudaMemcpy and its like. */
int64_t invp_simt_copied_bytes(void);

#ifdef __cplusplus
}
#endif

#endif
