/* Marks scalar code that runs on the CPU and in CUDA kernels alike. */
#ifndef INVP_BANK_HD_H
#define INVP_BANK_HD_H

#ifdef __CUDACC__
#define INVP_HD __host__ __device__
#else
#define INVP_HD
#endif

#endif
