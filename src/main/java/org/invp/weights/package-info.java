/**
 * Weights to and from the Python world: safetensors under torchvision's names, PyTorch's
 * checkpoints, Detectron2's pickles. Pickles are parsed into plain values by a reader of an
 * allow-list; nothing in a file is ever executed.
 */
package org.invp.weights;
