package org.invp.train;

/**
 * What one step was like; a line of {@code metrics.jsonl} every {@code training.log_every} steps.
 *
 * @param epoch the epoch in progress, counted from 1
 * @param step counted from 1 over the whole run
 * @param loss of this step's batch
 * @param lossIns of this step's batch
 * @param lossInv of this step's batch, not weighted
 * @param lr the learning rate
 * @param embeddingCosine mean cosine over all pairs of the batch
 */
public record StepMetrics(
    int epoch,
    long step,
    double loss,
    double lossIns,
    double lossInv,
    double lr,
    double embeddingCosine) {}
