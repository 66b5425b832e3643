package org.invp.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.invp.InvalidDataException;
import org.invp.objective.StepResult;

/**
 * Sums over the steps of the epoch in progress. A checkpoint carries them, so that an epoch that
 * was interrupted reports what an unbroken one would have.
 */
final class EpochTotals {
  private static final String[] NAMES = {
    "images", "loss", "loss_ins", "loss_inv", "cosine", "seconds", "bank", "network", "wait"
  };
  private static final String PREFIX = "totals.";

  private final double[] sums = new double[NAMES.length];

  /** Adds one step; losses are means over the batch and are weighted by its size. */
  void add(int images, double loss, StepResult result) {
    sums[0] += images;
    sums[1] += images * loss;
    sums[2] += images * result.lossIns();
    sums[3] += images * result.lossInv();
    sums[4] += images * result.meanCosine();
  }

  /** Adds wall-clock seconds of one step. */
  void addSeconds(double all, double bank, double network, double wait) {
    sums[5] += all;
    sums[6] += bank;
    sums[7] += network;
    sums[8] += wait;
  }

  void clear() {
    Arrays.fill(sums, 0);
  }

  double images() {
    return sums[0];
  }

  double loss() {
    return sums[1] / sums[0];
  }

  double lossIns() {
    return sums[2] / sums[0];
  }

  double lossInv() {
    return sums[3] / sums[0];
  }

  double cosine() {
    return sums[4] / sums[0];
  }

  double seconds() {
    return sums[5];
  }

  double bankSeconds() {
    return sums[6];
  }

  double networkSeconds() {
    return sums[7];
  }

  double waitSeconds() {
    return sums[8];
  }

  /** The sums as text that reads back to the same bits. */
  Map<String, String> toMetadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    each((name, index) -> metadata.put(PREFIX + name, Double.toString(sums[index])));
    return metadata;
  }

  /** Reads what {@link #toMetadata} wrote. */
  void restore(Map<String, String> metadata) {
    each(
        (name, index) -> {
          String text = metadata.get(PREFIX + name);
          try {
            sums[index] = Double.parseDouble(text == null ? "" : text);
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
