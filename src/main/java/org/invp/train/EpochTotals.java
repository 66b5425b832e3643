package org.invp.train;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.objective.StepResult;

/**
 * Sums over the steps of the epoch in progress, and what the walk found at its start. A checkpoint
 * carries them, so that an epoch that was interrupted reports what an unbroken one would have.
 */
final class EpochTotals {
  /** What is summed up; a checkpoint has each under its name in lower case. */
  private enum Sum {
    IMAGES,
    LOSS,
    LOSS_INS,
    LOSS_INV,
    COSINE,
    SECONDS,
    BANK,
    NETWORK,
    WAIT,
    GRAPH,
    CORRUPT,
    REFRESH,
    WALK_SECONDS
  }

  private static final String PREFIX = "totals.";

  private final Map<Sum, Double> sums = new EnumMap<>(Sum.class);
  private WalkFigures walk = WalkFigures.NONE;

  /** Adds one step; losses are means over the batch and are weighted by its size. */
  void add(int images, double loss, StepResult result) {
    add(Sum.IMAGES, images);
    add(Sum.LOSS, images * loss);
    add(Sum.LOSS_INS, images * result.lossIns());
    add(Sum.LOSS_INV, images * result.lossInv());
    add(Sum.COSINE, images * result.meanCosine());
  }

  /** Adds the seconds that one step spent in the objective and in the network. */
  void addStepSeconds(double bank, double network) {
    add(Sum.BANK, bank);
    add(Sum.NETWORK, network);
  }

  /** Adds wall-clock seconds, and those of them that were spent waiting for images. */
  void addSeconds(double all, double wait) {
    add(Sum.SECONDS, all);
    add(Sum.WAIT, wait);
  }

  /** Adds seconds that rebuilding the neighbour graph took. */
  void addGraphSeconds(double seconds) {
    add(Sum.GRAPH, seconds);
  }

  /** Adds seconds that computing all rows of the bank took. */
  void addRefreshSeconds(double seconds) {
    add(Sum.REFRESH, seconds);
  }

  /**
   * Notes what the walk finds as the epoch starts.
   *
   * @param seconds that it took to find out
   */
  void noteWalk(WalkFigures figures, double seconds) {
    walk = figures;
    add(Sum.WALK_SECONDS, seconds);
  }

  /** What the walk finds; {@link WalkFigures#NONE} before somebody has looked. */
  WalkFigures walk() {
    return walk;
  }

  /** Counts images that could not be read. */
  void addCorrupt(int images) {
    add(Sum.CORRUPT, images);
  }

  /** The images of the epoch so far that took part in a step. */
  int images() {
    return (int) sum(Sum.IMAGES);
  }

  void clear() {
    sums.clear();
    walk = WalkFigures.NONE;
  }

  /** The mean loss so far. */
  double loss() {
    return sum(Sum.LOSS) / sum(Sum.IMAGES);
  }

  /**
   * The epoch's line of metrics.
   *
   * @param weight lambda w(epoch)
   * @param rate the learning rate of the last step
   */
  EpochMetrics toMetrics(int epoch, double weight, double rate, Evaluator.EpochAccuracy accuracy) {
    double images = sum(Sum.IMAGES);
    double seconds = sum(Sum.SECONDS);
    return new EpochMetrics(
        epoch,
        loss(),
        sum(Sum.LOSS_INS) / images,
        sum(Sum.LOSS_INV) / images,
        weight,
        rate,
        (int) images,
        seconds,
        images / seconds,
        sum(Sum.BANK),
        sum(Sum.NETWORK),
        sum(Sum.WAIT),
        sum(Sum.GRAPH),
        sum(Sum.REFRESH),
        (int) sum(Sum.CORRUPT),
        accuracy.bank(),
        accuracy.embedding(),
        sum(Sum.COSINE) / images,
        walk.size(),
        walk.right(),
        walk.positivesRight(),
        walk.easiestRight(),
        walk.similarity(),
        walk.beyondNearest(),
        walk.classCovered(),
        walk.staleness(),
        walk.graphAgreement(),
        sum(Sum.WALK_SECONDS));
  }

  /** The sums as text that reads back to the same bits. */
  Map<String, String> toMetadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Sum what : Sum.values()) {
      metadata.put(name(what), Double.toString(sum(what)));
    }
    metadata.putAll(walk.toMetadata());
    return metadata;
  }

  /** Reads what {@link #toMetadata} wrote; a sum that an older checkpoint lacks is 0. */
  void restore(Map<String, String> metadata) {
    walk = WalkFigures.from(metadata);
    for (Sum what : Sum.values()) {
      String text = metadata.getOrDefault(name(what), "0");
      try {
        sums.put(what, Double.valueOf(text));
      } catch (NumberFormatException e) {
        throw new InvalidDataException(
            Text.format("the checkpoint's %s is %s, not a number", name(what), text), e);
      }
    }
  }

  private static String name(Sum what) {
    return PREFIX + what.name().toLowerCase(Locale.ROOT);
  }

  private void add(Sum what, double value) {
    sums.merge(what, value, Double::sum);
  }

  private double sum(Sum what) {
    return sums.getOrDefault(what, 0.0);
  }
}
