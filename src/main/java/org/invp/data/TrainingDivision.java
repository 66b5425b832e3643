package org.invp.data;

import java.util.BitSet;
import java.util.stream.IntStream;
import org.invp.internal.Text;

/**
 * Which images of a training set a run learns from, and which others are held out of training to
 * judge it. Both follow from these numbers and the images' labels alone, so all who open the same
 * data set, such as the ranks of a run, see the same images. What is drawn is stratified by class.
 *
 * @param limit how many images to learn from; 0, or as many as there are or more, for all that are
 *     not held out
 * @param draw which images the limit leaves
 * @param heldOut how many images are held out; they are drawn outside the limit's, which are
 *     therefore the same with and without them
 * @param seed of what is drawn; 0 where nothing is
 */
public record TrainingDivision(int limit, Draw draw, int heldOut, long seed) {
  /** The streams of the two samples; images use their indices, {@link EpochPlan} uses -1. */
  private static final long LIMIT_STREAM = -2;

  private static final long HELD_OUT_STREAM = -3;

  /** Which images a limit leaves. */
  public enum Draw {
    /** A seeded sample in which every class keeps its share. */
    SAMPLE,
    /** Those that come first in the data set. */
    FIRST
  }

  /** Checks the ranges, and leaves out what decides nothing: equal divisions are equal. */
  public TrainingDivision {
    Checks.within("limit", limit, 0, Integer.MAX_VALUE);
    Checks.within("heldOut", heldOut, 0, Integer.MAX_VALUE);
    draw = limit == 0 ? Draw.SAMPLE : draw;
    seed = heldOut == 0 && (limit == 0 || draw == Draw.FIRST) ? 0 : seed;
  }

  /**
   * The images to learn from.
   *
   * @param whole the training set; shares its memory with the result, and closing either closes
   *     both
   * @throws IllegalArgumentException if there are fewer images than the division needs
   */
  public ImageDataset training(ImageDataset whole) {
    boolean all = heldOut == 0 && (limit == 0 || limit >= whole.size());
    return all ? whole : whole.select(training(whole.labels()));
  }

  /** The images that are held out; otherwise as {@link #training(ImageDataset)}. */
  public ImageDataset heldOut(ImageDataset whole) {
    return whole.select(heldOut(whole.labels()));
  }

  /**
   * The indices of the images to learn from, ascending.
   *
   * @param labels of all images
   */
  public int[] training(int... labels) {
    requireEnough(labels.length);
    if (limit == 0 || limit >= labels.length) {
      return without(heldOut(labels), labels.length);
    }
    return limited(labels);
  }

  /** The indices of the images that are held out, ascending. */
  public int[] heldOut(int... labels) {
    requireEnough(labels.length);
    int[] others = without(limited(labels), labels.length);
    return StratifiedSample.draw(others, labels, heldOut, seed, HELD_OUT_STREAM);
  }

  /** The images that the limit leaves; none without a limit. */
  private int[] limited(int... labels) {
    int[] first = IntStream.range(0, Math.min(limit, labels.length)).toArray();
    return draw == Draw.FIRST
        ? first
        : StratifiedSample.draw(
            without(new int[0], labels.length), labels, first.length, seed, LIMIT_STREAM);
  }

  private static int[] without(int[] taken, int images) {
    BitSet left = new BitSet(images);
    left.set(0, images);
    IntStream.of(taken).forEach(left::clear);
    return left.stream().toArray();
  }

  private void requireEnough(int images) {
    if (heldOut > 0 && limit > 0 && (long) limit + heldOut > images) {
      throw new IllegalArgumentException(
          Text.format(
              "data.limit is %d and evaluation.held_out %d,"
                  + " allowed: together at most the %d training images",
              limit, heldOut, images));
    }
    if (heldOut > 0 && heldOut >= images) {
      throw new IllegalArgumentException(
          Text.format(
              "evaluation.held_out is %d, allowed: fewer than the %d training images",
              heldOut, images));
    }
  }
}
