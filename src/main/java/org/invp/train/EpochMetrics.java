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
 * @param walkSize mean number of images in N(i), over at most 1,000 anchors that are the same in
 *     every epoch; this and what follows is of the epoch's start, the anchor's row of the bank
 *     standing for its embedding; null where there was nothing to measure
 * @param walkRight share of the images in the N(i) that have the anchor's class; for the metric
 *     only, null without labels
 * @param positivesRight likewise of the positives that the loss would select
 * @param easiestRight likewise of as many that are the most similar
 * @param walkSimilarity mean inner product of the anchor's row and the rows of N(i)
 * @param walkBeyondNearest share of the images in the N(i) that are not among the anchor's 200
 *     nearest
 * @param classCovered mean share of the anchor's class, without it, that is in N(i); null without
 *     labels
 * @param staleness mean cosine of the anchors' rows of the bank and their present embeddings, in
 *     evaluation mode and view; 1 for a bank that is up to date
 * @param graphAgreement mean share of an anchor's k nearest other rows that its row of the graph
 *     holds; 1 for the exact graph
 * @param walkSeconds time that these figures took, not part of {@code seconds}
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
    double embeddingCosine,
    Double walkSize,
    Double walkRight,
    Double positivesRight,
    Double easiestRight,
    Double walkSimilarity,
    Double walkBeyondNearest,
    Double classCovered,
    Double staleness,
    Double graphAgreement,
    double walkSeconds) {}
