package org.invp.eval;

/**
 * What kNN said of some images.
 *
 * @param accuracy how often it was right
 * @param predictions the class it ranked first, for each image; owned by the record
 */
public record KnnResult(Accuracy accuracy, int[] predictions) {}
