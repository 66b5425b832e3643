package org.invp.train;

/**
 * What one epoch was like; a line of {@code metrics.jsonl}.
 *
 * @param epoch counted from 1
 * @param loss mean over the epoch's images of L_ins + weight L_inv
 * @param lossIns mean of L_ins
 * @param lossInv mean of L_inv, not weighted
 * @param invarianceWeight lambda w(epoch)
 * @param lr the learning rate of the epoch's last step
 * @param images training images seen
 * @param seconds wall-clock time of the steps
 * @param imagesPerSecond images / seconds
 * @param bankSeconds time in the objective: search, walk, losses, updates
 * @param networkSeconds time in forward, backward and the optimizer
 * @param loaderWait seconds spent waiting for images, part of {@code seconds}
 * @param graphSeconds time spent rebuilding the exact neighbour graph before the steps, not part of
 *     {@code seconds}; 0 when it was not rebuilt
 * @param refreshSeconds time spent computing all rows of the memory bank before the steps, not part
 *     of {@code seconds}; 0 when they were not
 * @param corruptImages training images that could not be read and were left out of their batches
 * @param bankKnn kNN accuracy on the test images against the memory bank; null when not measured
 * @param embeddingKnn kNN accuracy against recomputed embeddings; null when not measured
 * @param embeddingCosine mean cosine over all pairs of a batch, mean over the epoch; near 1 when
 *     the embeddings have collapsed to one direction
 */
public record EpochMetrics(
    int epoch,
    double loss,
    double lossIns,
    double lossInv,
    double invarianceWeight,
    double lr,
    int images,
    double seconds,
    double imagesPerSecond,
    double bankSeconds,
    double networkSeconds,
    double loaderWait,
    double graphSeconds,
    double refreshSeconds,
    int corruptImages,
    Double bankKnn,
    Double embeddingKnn,
    double embeddingCosine) {}
