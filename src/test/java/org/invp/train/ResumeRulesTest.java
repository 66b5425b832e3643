package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ResumeRulesTest {
  private static final Path FOLDER = Path.of("runs/x");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data.workers=7",
        "data.on_corrupt=skip",
        "data.path=elsewhere",
        "training.threads=3",
        "training.log_every=5",
        "evaluation.k=10",
      })
  void whatDoesNotChangeTheRunMayChange(String override) {
    assertDoesNotThrow(() -> ResumeRules.check(FOLDER, config(), config(override)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "seed=2",
        "objective.temperature=0.3",
        "network.width=32",
        "optimizer.learning_rate=0.5",
        "training.batch_size=64",
        "training.graph=epoch",
        "data.limit=100",
        "data.decode=exact",
        "data.exif=apply",
        "augmentation.flip=0.1",
        "training.epochs=900",
      })
  void whatMakesItAnotherRunIsRefused(String override) {
    assertThrows(
        ConfigException.class, () -> ResumeRules.check(FOLDER, config(), config(override)));
  }

  @Test
  void otherImagesToJudgeByAreRefused() {
    String[] heldOut = {"evaluation.split=held-out", "evaluation.held_out=5"};
    assertThrows(ConfigException.class, () -> ResumeRules.check(FOLDER, config(), config(heldOut)));
    assertEquals(
        "evaluation.held_out is 0, but the run in runs/x was started with 5; allowed: the same"
            + " (without CONFIG the run's own settings hold), or another --run-dir",
        assertThrows(
                ConfigException.class, () -> ResumeRules.check(FOLDER, config(heldOut), config()))
            .getMessage());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"evaluation.decode=scaled", "evaluation.resize=300", "evaluation.crop=192"})
  void anotherViewIsRefusedOnlyWhereTheBankIsRefreshedFromIt(String override) {
    String graph = "training.graph=epoch";
    String refresh = "training.bank_refresh=epoch";
    assertDoesNotThrow(() -> ResumeRules.check(FOLDER, config(), config(override)));
    assertThrows(
        ConfigException.class,
        () -> ResumeRules.check(FOLDER, config(graph, refresh), config(graph, refresh, override)));
  }

  @Test
  void anotherDrawIsRefusedWhereThereIsALimit() {
    String message =
        assertThrows(
                ConfigException.class,
                () ->
                    ResumeRules.check(
                        FOLDER, config("data.limit=9", "data.draw=first"), config("data.limit=9")))
            .getMessage();
    assertTrue(message.startsWith("data.draw is sample, but the run in runs/x"), message);
    assertDoesNotThrow(() -> ResumeRules.check(FOLDER, config("data.draw=first"), config()));
  }

  @Test
  void anotherLimitIsNamedBeforeTheDraw() {
    String message =
        assertThrows(
                ConfigException.class,
                () -> ResumeRules.check(FOLDER, config("data.draw=first"), config("data.limit=9")))
            .getMessage();
    assertTrue(message.startsWith("data.limit is 9, but"), message);
  }

  @Test
  void theMessageNamesTheKeyAndBothValues() {
    assertEquals(
        "objective.mode is official, but the run in runs/x was started with paper; allowed: the"
            + " same (without CONFIG the run's own settings hold), or another --run-dir",
        assertThrows(
                ConfigException.class,
                () -> ResumeRules.check(FOLDER, config(), config("objective.mode=official")))
            .getMessage());
  }

  @Test
  void moreEpochsAreFineWhereTheRateDoesNotDependOnThem() {
    assertDoesNotThrow(
        () ->
            ResumeRules.check(
                FOLDER,
                config("optimizer.schedule=step"),
                config("optimizer.schedule=step", "training.epochs=900")));
    assertDoesNotThrow(
        () ->
            ResumeRules.check(
                FOLDER,
                config("optimizer.schedule_epochs=800"),
                config("optimizer.schedule_epochs=800", "training.epochs=900")));
  }

  private static TrainingConfig config(String... overrides) {
    return ConfigFile.parse("x.yaml", "data: {format: idx, path: x}", List.of(overrides));
  }
}
