package org.invp.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.invp.internal.Text;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.ObjectiveOptions.Ramp;

/** What is to be said when the invariance loss starts on positives that are noise. */
final class WalkWarning {
  /**
   * The least share of the positives that should have their anchor's class: with fewer most pull
   * different kinds of images together.
   */
  static final double RIGHT = 0.5;

  /**
   * The least mean cosine of bank rows and present embeddings: below it a row says little about its
   * image, and its neighbours are noise.
   */
  static final double FRESH = 0.5;

  private WalkWarning() {}

  /**
   * The warning of an epoch, if it is the one in which the loss starts and the figures are bad.
   *
   * @param refreshed whether the run refreshes its bank
   * @param figures at the epoch's start
   */
  static Optional<String> of(
      ObjectiveOptions options, boolean refreshed, int epoch, WalkFigures figures) {
    List<String> faults = new ArrayList<>();
    if (figures.positivesRight() != null && figures.positivesRight() < RIGHT) {
      faults.add(
          String.format(
              Locale.ROOT,
              "only %.0f %% of the positives have their anchor's class",
              100 * figures.positivesRight()));
    }
    if (figures.staleness() != null && figures.staleness() < FRESH) {
      faults.add(
          String.format(
              Locale.ROOT,
              "the memory bank is stale (mean cosine %.2f with the present embeddings)",
              figures.staleness()));
    }
    if (faults.isEmpty() || !options.startsIn(epoch)) {
      return Optional.empty();
    }
    String later =
        options.ramp() == Ramp.CONSTANT
            ? "objective.ramp: binary"
            : "a longer objective.ramp_epochs";
    return Optional.of(
        Text.format(
            "the invariance loss starts in epoch %d, but %s; %s%s may help",
            epoch,
            String.join(" and ", faults),
            refreshed ? "" : "training.bank_refresh: epoch with training.graph: epoch or ",
            later));
  }
}
