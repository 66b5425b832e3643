/*
 * LibTorch's host memory, kept instead of given back.
 *
 * A training step frees and asks for the same few hundred megabytes again. The C library returns
 * large blocks to the system, so that every step pays a page fault per 4 KiB: measured, up to half
 * of a small network's step. Blocks are therefore kept by size and handed out again.
 */
#ifndef INVP_NN_MEMORY_H
#define INVP_NN_MEMORY_H

namespace invp::nn {

/* Makes LibTorch allocate its tensors here; once per process, thread-safe. */
void install_block_cache();

/* Gives the blocks nobody uses back to the system. */
void release_cached_blocks() noexcept;

}  // namespace invp::nn

#endif
