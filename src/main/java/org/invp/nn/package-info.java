/**
 * Residual networks on LibTorch: embeddings of a batch of images, gradients back through the
 * network, SGD, and weights in and out under torchvision's names.
 *
 * <p>Needs {@code libinvp_nn.so} and LibTorch. Computations run on the calling thread and
 * LibTorch's own; call from few, long-lived platform threads.
 */
package org.invp.nn;
