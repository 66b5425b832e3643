package org.invp.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.invp.InvalidDataException;
import org.invp.objective.StepResult;

/**
 * Sums over the steps of the epoch in progress, and what the walk found at its start. A checkpoint
 * carries them, so that an epoch that was interrupted reports what an unbroken one would have.
 */
final class EpochTotals {
  private static final String[] NAMES = {
    "images",
    "loss",
    "loss_ins",
    "loss_inv",
    "cosine",
    "seconds",
    "bank",
    "network",
    "wait",
    "graph",
    "corrupt",
    "refresh",
    "walk_seconds"
  };
  private static final String PREFIX = "totals.";

  private final double[] sums = new double[NAMES.length];
  private WalkFigures walk = WalkFigures.NONE;

  /** Adds one step; losses are means over the batch and are weighted by its size. */
  void add(int images, double loss, StepResult result) {
    sums[0] += images;
    sums[1] += images * loss;
    sums[2] += images * result.lossIns();
    sums[3] += images * result.lossInv();
    sums[4] += images * result.meanCosine();
  }

  /** Adds the seconds that one step spent in the objective and in the network. */
  void addStepSeconds(double bank, double network) {
    sums[6] += bank;
    sums[7] += network;
  }

  /** Adds wall-clock seconds, and those of them that were spent waiting for images. */
  void addSeconds(double all, double wait) {
    sums[5] += all;
    sums[8] += wait;
  }

  /** Adds seconds that rebuilding the neighbour graph took. */
  void addGraphSeconds(double seconds) {
    sums[9] += seconds;
  }

  /** Adds seconds that computing all rows of the bank took. */
  void addRefreshSeconds(double seconds) {
    sums[11] += seconds;
  }

  /**
   * Notes what the walk finds as the epoch starts.
   *
   * @param seconds that it took to find out
   */
  void noteWalk(WalkFigures figures, double seconds) {
    walk = figures;
    sums[12] += seconds;
  }

  /** What the walk finds; {@link WalkFigures#NONE} before somebody has looked. */
  WalkFigures walk() {
    return walk;
  }

  /** Counts images that could not be read. */
  void addCorrupt(int images) {
    sums[10] += images;
  }

  /** The images of the epoch so far that took part in a step. */
  int images() {
    return (int) sums[0];
  }

  void clear() {
    Arrays.fill(sums, 0);
    walk = WalkFigures.NONE;
  }

  /** The mean loss so far. */
  double loss() {
    return sums[1] / sums[0];
  }

  /**
   * The epoch's line of metrics.
   *
   * @param weight lambda w(epoch)
   * @param rate the learning rate of the last step
   */
  EpochMetrics toMetrics(int epoch, double weight, double rate, Evaluator.EpochAccuracy accuracy) {
    double images = sums[0];
    double seconds = sums[5];
    return new EpochMetrics(
        epoch,
        loss(),
        sums[2] / images,
        sums[3] / images,
        weight,
        rate,
        (int) images,
        seconds,
        images / seconds,
        sums[6],
        sums[7],
        sums[8],
        sums[9],
        sums[11],
        (int) sums[10],
        accuracy.bank(),
        accuracy.embedding(),
        sums[4] / images,
        walk.size(),
        walk.right(),
        walk.positivesRight(),
        walk.easiestRight(),
        walk.similarity(),
        walk.beyondNearest(),
        walk.classCovered(),
        walk.staleness(),
        walk.graphAgreement(),
        sums[12]);
  }

  /** The sums as text that reads back to the same bits. */
  Map<String, String> toMetadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    each((name, index) -> metadata.put(PREFIX + name, Double.toString(sums[index])));
    metadata.putAll(walk.toMetadata());
    return metadata;
  }

  /** Reads what {@link #toMetadata} wrote; a sum that an older checkpoint lacks is 0. */
  void restore(Map<String, String> metadata) {
    walk = WalkFigures.from(metadata);
    each(
        (name, index) -> {
          String text = metadata.getOrDefault(PREFIX + name, "0");
          try {
            sums[index] = Double.parseDouble(text);
          } catch (NumberFormatException e) {
            throw new InvalidDataException(
                "the checkpoint's %s%s is %s, not a number".formatted(PREFIX, name, text), e);
          }
        });
  }

  private static void each(BiConsumer<String, Integer> action) {
    for (int i = 0; i < NAMES.length; i++) {
      action.accept(NAMES[i], i);
    }
  }
}
