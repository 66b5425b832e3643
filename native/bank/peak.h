/* The machine's limit, for measurements. */
#ifndef INVP_BANK_PEAK_H
#define INVP_BANK_PEAK_H

#include "cpu/kernels.h"
#include "thread_pool.h"

namespace invp::bank {

/* 10^9 operations per second of all threads together in a loop of fused multiply-adds alone. */
double peak_gflops(ThreadPool& pool, const Kernels& kernels, double seconds);

}  // namespace invp::bank

#endif
