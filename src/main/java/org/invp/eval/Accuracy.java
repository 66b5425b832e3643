package org.invp.eval;

/**
 * How often a classifier was right.
 *
 * @param top1 share of images whose class was ranked first, in [0, 1]
 * @param top5 share of images whose class was among the first five
 * @param images the number of images judged
 */
public record Accuracy(double top1, double top5, int images) {}
