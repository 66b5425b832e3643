package org.invp.eval;

/**
 * How well one class is recognised among several.
 *
 * @param cls the class
 * @param averagePrecision on the test images
 */
public record ClassPrecision(int cls, double averagePrecision) {}
