package org.invp.objective;

/**
 * What a step of the objective reports.
 *
 * @param lossIns L_ins, instance discrimination, mean over the batch
 * @param lossInv L_inv, invariance propagation, mean over the batch, not weighted
 * @param meanCosine mean cosine over all pairs of the batch's embeddings; near 1 when they collapse
 */
public record StepResult(double lossIns, double lossInv, double meanCosine) {}
