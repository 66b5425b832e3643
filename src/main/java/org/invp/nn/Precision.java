package org.invp.nn;

/**
 * What a network's convolutions compute in. Parameters, batch normalisation, the head, features and
 * embeddings are float32 in any case.
 */
public enum Precision {
  /** float32, IEEE's on every device: no TF32. */
  FP32,
  /** bfloat16: the range of float32 with eight bits of precision. */
  BF16,
  /**
   * IEEE's half precision, on a GPU only. Gradients are multiplied by a loss scale, which {@link
   * Sgd#step} takes out again; a step whose gradients overflow is skipped.
   */
  FP16
}
