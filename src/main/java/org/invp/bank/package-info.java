/**
 * The memory bank: one embedding per image, exact nearest neighbours, the neighbour graph, and the
 * stages of a training step that read or write them.
 *
 * <p>Needs {@code libinvp_bank.so} only, no LibTorch.
 */
package org.invp.bank;
