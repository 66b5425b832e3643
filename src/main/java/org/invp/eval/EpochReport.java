package org.invp.eval;

/**
 * One epoch of training on labels.
 *
 * @param epoch counted from 1
 * @param epochs of the whole training
 * @param learningRate of its last step; of the backbone where that learns
 * @param loss mean over its images
 * @param trainTop1 share of its images whose class was ranked first, as they were seen
 * @param testTop1 share of the test images; null where not measured
 * @param testTop5 likewise, among the first five
 * @param testMeanPerClass mean over the classes of the share within each; null where not measured
 * @param seconds without the test
 * @param imagesPerSecond in these
 */
public record EpochReport(
    int epoch,
    int epochs,
    double learningRate,
    double loss,
    double trainTop1,
    Double testTop1,
    Double testTop5,
    Double testMeanPerClass,
    double seconds,
    double imagesPerSecond) {}
