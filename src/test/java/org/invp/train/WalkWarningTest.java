package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.invp.bank.Mode;
import org.invp.bank.Selection;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.ObjectiveOptions.Ramp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WalkWarningTest {
  private static final int START = 4;

  @ParameterizedTest
  @CsvSource({
    "0.49,0.9,only 49 % of the positives have their anchor's class;",
    "0.5,0.49,the memory bank is stale (mean cosine 0.49 with the present embeddings);",
    "0.22,0.14,only 22 % of the positives have their anchor's class and the memory bank is stale"
        + " (mean cosine 0.14 with the present embeddings);",
    ",0.2,the memory bank is stale (mean cosine 0.20 with the present embeddings);"
  })
  void namesWhatIsWrongAndWhatHelps(Double right, double staleness, String fault) {
    String warning = warning(Ramp.BINARY, 0.6, START, right, staleness).orElseThrow();
    assertEquals(
        "the invariance loss starts in epoch 4, but %s training.bank_refresh: epoch with training.graph: epoch or a longer objective.ramp_epochs may help"
            .formatted(fault),
        warning);
  }

  @Test
  void aRunThatRefreshesItsBankIsNotToldTo() {
    assertEquals(
        "the invariance loss starts in epoch 4, but only 40 % of the positives have their anchor's"
            + " class; a longer objective.ramp_epochs may help",
        warning(Ramp.BINARY, 0.6, true, START, 0.4, 1).orElseThrow());
  }

  @Test
  void aLossWithoutARampIsToldOfOne() {
    String warning = warning(Ramp.CONSTANT, 0.6, 1, 0.1, 0.0).orElseThrow();
    assertTrue(warning.endsWith("or objective.ramp: binary may help"), warning);
  }

  @ParameterizedTest
  @CsvSource({
    "BINARY,0.6,4,0.5,0.5",
    "BINARY,0.6,4,,0.5",
    "BINARY,0.6,3,0.1,0.1",
    "BINARY,0.6,5,0.1,0.1",
    "BINARY,0,4,0.1,0.1",
    "CONSTANT,0.6,2,0.1,0.1",
    "GAUSSIAN,0.6,2,0.1,0.1"
  })
  void nothingIsSaidWhereNothingIsWrongOrTheLossDoesNotStart(
      Ramp ramp, double lambda, int epoch, Double right, double staleness) {
    Optional<String> warning = warning(ramp, lambda, epoch, right, staleness);
    assertFalse(warning.isPresent(), warning::toString);
  }

  private static Optional<String> warning(
      Ramp ramp, double lambda, int epoch, Double right, double staleness) {
    return warning(ramp, lambda, false, epoch, right, staleness);
  }

  private static Optional<String> warning(
      Ramp ramp, double lambda, boolean refreshed, int epoch, Double right, double staleness) {
    ObjectiveOptions options =
        new ObjectiveOptions(
            Mode.PAPER,
            0.2,
            12,
            3,
            2,
            2,
            true,
            Selection.HARD,
            lambda,
            ramp,
            3,
            BankStart.RANDOM,
            0.5);
    WalkFigures figures =
        new WalkFigures(5.0, right, right, right, 0.5, 0.0, right, staleness, 1.0);
    return WalkWarning.of(options, refreshed, epoch, figures);
  }
}
