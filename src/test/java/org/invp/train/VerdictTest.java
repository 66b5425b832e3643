package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VerdictTest {
  private static final TrainingSigns NOTHING = new TrainingSigns(null, false, null, null, null, 0);
  private static final String CHOSEN =
      "Each has its best k of 5 and 200, chosen on the test images, for all alike.";
  private static final SortedMap<Integer, Double> NONE = new TreeMap<>();

  @Test
  void aRunThatWinsSaysByHowMuchEachAtItsBestK() {
    Verdict verdict =
        verdict(byK(0.8413, 0.75), byK(0.80, 0.849), byK(0.836, 0.75), byK(0.68, 0.7021), NONE);
    assertFalse(verdict.below());
    assertEquals(
        List.of(
            "The trained embedding (84.1 % at k = 5) beats raw pixels (83.6 % at k = 5) by 0.5 points"
                + " and the untrained network (70.2 % at k = 200) by 13.9 points; the trained"
                + " backbone (84.9 % at k = 200) beats raw pixels by 1.3 points and the untrained"
                + " network by 14.7 points.",
            CHOSEN),
        verdict.sentences());
  }

  @Test
  void ofTheUntrainedNetworkTheBetterOutputCounts() {
    Verdict verdict =
        verdict(byK(0.8, 0.8), byK(0.8, 0.8), byK(0.7, 0.7), byK(0.5, 0.6), byK(0.65, 0.4));
    assertTrue(verdict.text().contains("the untrained network (65.0 % at k = 5)"), verdict.text());
  }

  @Test
  void aRunThatLosesSaysSo() {
    Verdict verdict =
        verdict(byK(0.5, 0.6), byK(0.5, 0.6), byK(0.7, 0.6), byK(0.65, 0.6), byK(0.6, 0.6));
    assertTrue(verdict.below());
    assertEquals(
        List.of(
            "The trained embedding (60.0 % at k = 200) falls below raw pixels (70.0 % at k = 5) by"
                + " 10.0 points and the untrained network (65.0 % at k = 5) by 5.0 points; the"
                + " trained backbone (60.0 % at k = 200) falls below raw pixels by 10.0 points and"
                + " the untrained network by 5.0 points.",
            "Nothing that was measured while it trained says why.", CHOSEN),
        verdict.sentences());
  }

  @Test
  void aRunThatWinsInPartSaysBoth() {
    Verdict verdict =
        verdict(byK(0.82, 0.8), byK(0.836, 0.8), byK(0.836, 0.75), byK(0.702, 0.7), NONE);
    assertTrue(verdict.below());
    assertEquals(
        "The trained embedding (82.0 % at k = 5) falls below raw pixels (83.6 % at k = 5) by 1.6"
            + " points but beats the untrained network (70.2 % at k = 5) by 11.8 points; the trained"
            + " backbone (83.6 % at k = 5) is level with raw pixels but beats the untrained network"
            + " by 13.4 points.",
        verdict.sentences().get(0));
  }

  @Test
  void equalAccuraciesTakeTheSmallestK() {
    Verdict verdict =
        verdict(byK(0.8, 0.8), byK(0.8, 0.8), byK(0.8, 0.8), byK(0.8, 0.8), byK(0.8, 0.8));
    assertFalse(verdict.below());
    assertEquals(
        "The trained embedding (80.0 % at k = 5) is level with raw pixels (80.0 % at k = 5) and the"
            + " untrained network (80.0 % at k = 5); the trained backbone (80.0 % at k = 5) is level"
            + " with raw pixels and the untrained network.",
        verdict.sentences().get(0));
  }

  @Test
  void baselinesThatAreOffAreNotComparedWith() {
    Verdict verdict =
        Verdict.of(
            new Verdict.Accuracies(byK(0.8, 0.7), byK(0.7, 0.81), NONE, NONE, NONE, false, 10),
            NOTHING);
    assertEquals(
        List.of(
            "kNN accuracy: the trained embedding (80.0 % at k = 5), the trained backbone (81.0 % at"
                + " k = 200).",
            "It could not be compared with raw pixels and the untrained network: not measured,"
                + " evaluation.baselines is false.",
            CHOSEN),
        verdict.sentences());
  }

  @Test
  void whatWasTooLargeForMemoryIsNotComparedWith() {
    Verdict verdict = verdict(byK(0.8, 0.7), NONE, NONE, byK(0.6, 0.5), NONE);
    assertEquals(
        List.of(
            "The trained embedding (80.0 % at k = 5) beats the untrained network (60.0 % at k = 5)"
                + " by 20.0 points.",
            "The trained backbone was not measured, log.txt says why.",
            "It could not be compared with raw pixels: not measured, log.txt says why.",
            CHOSEN),
        verdict.sentences());
  }

  @Test
  void whoWasNotMeasuredAtEveryKIsNotComparedWith() {
    SortedMap<Integer, Double> one = new TreeMap<>(Map.of(200, 0.9));
    Verdict verdict = verdict(byK(0.8, 0.7), byK(0.8, 0.7), byK(0.7, 0.7), one, NONE);
    assertFalse(verdict.below());
    assertEquals(
        "It could not be compared with the untrained network: measured at k = 200 only.",
        verdict.sentences().get(1));
  }

  @Test
  void withOneKThereIsNoChoiceToTellOf() {
    SortedMap<Integer, Double> low = new TreeMap<>(Map.of(200, 0.5));
    SortedMap<Integer, Double> high = new TreeMap<>(Map.of(200, 0.9));
    assertEquals(1, verdict(high, high, low, low, low).sentences().size());
  }

  @ParameterizedTest
  @CsvSource({"0,no class", "1,only one class"})
  void withoutTwoClassesThereIsNoVerdict(int classes, String words) {
    SortedMap<Integer, Double> all = byK(1, 1);
    Verdict verdict =
        Verdict.of(new Verdict.Accuracies(all, all, all, all, all, true, classes), NOTHING);
    assertFalse(verdict.below());
    assertEquals(
        "There is no verdict: training and test images have %s in common, so that kNN accuracy says nothing."
            .formatted(words),
        verdict.text());
  }

  @Test
  void aCollapseIsACause() {
    assertCause(
        new TrainingSigns(0.97, false, 0.001, 0.9, 0.6, 0.6),
        "Likely cause: the embeddings have collapsed (mean cosine 0.970 of two images); try"
            + " network.head_batch_norm: true or a higher objective.temperature.");
    assertCause(
        new TrainingSigns(0.97, true, 0.001, 0.9, 0.6, 0.6),
        "Likely cause: the embeddings have collapsed (mean cosine 0.970 of two images); try a higher"
            + " objective.temperature.");
  }

  @Test
  void aStaleBankIsACause() {
    assertCause(
        new TrainingSigns(0.2, true, 0.001, 0.14, 0.6, 0.6),
        "Likely cause: the memory bank is stale (mean cosine 0.14 of a row and its image's present"
            + " embedding); try training.bank_refresh: epoch with training.graph: epoch.");
  }

  @Test
  void mostlyWrongPositivesAreACauseWhereTheyCount() {
    assertCause(
        new TrainingSigns(0.2, true, 0.001, 0.9, 0.22, 0.6),
        "Likely cause: most positives are wrong (22 % have their anchor's class); try a larger"
            + " objective.ramp_epochs or a lower objective.lambda.");
    assertEquals(List.of(), new TrainingSigns(0.2, true, 0.001, 0.9, 0.22, 0).causes());
  }

  @Test
  void aLossThatStillFallsIsACause() {
    assertCause(
        new TrainingSigns(0.2, true, 0.06, 0.9, 0.6, 0.6),
        "Likely cause: the loss was still falling (by 6.0 % over the last quarter of the epochs);"
            + " try more training.epochs.");
  }

  @Test
  void severalCausesAreAllTold() {
    Verdict verdict = losing(new TrainingSigns(0.2, true, 0.06, 0.14, 0.22, 0.6));
    assertTrue(verdict.sentences().get(1).startsWith("Likely cause: the memory bank is stale"));
    assertTrue(verdict.sentences().get(2).startsWith("Also: most positives are wrong"));
    assertTrue(verdict.sentences().get(3).startsWith("Also: the loss was still falling"));
  }

  @Test
  void aRunThatWinsHasNoCauses() {
    SortedMap<Integer, Double> high = byK(0.9, 0.9);
    SortedMap<Integer, Double> low = byK(0.5, 0.5);
    Verdict verdict =
        Verdict.of(
            new Verdict.Accuracies(high, high, low, low, low, true, 10),
            new TrainingSigns(0.97, false, 0.06, 0.14, 0.22, 0.6));
    assertEquals(2, verdict.sentences().size(), verdict.text());
  }

  private static void assertCause(TrainingSigns signs, String sentence) {
    Verdict verdict = losing(signs);
    assertEquals(3, verdict.sentences().size(), verdict.text());
    assertEquals(sentence, verdict.sentences().get(1));
  }

  private static Verdict losing(TrainingSigns signs) {
    SortedMap<Integer, Double> high = byK(0.9, 0.9);
    SortedMap<Integer, Double> low = byK(0.5, 0.5);
    return Verdict.of(new Verdict.Accuracies(low, low, high, low, low, true, 10), signs);
  }

  private static Verdict verdict(
      SortedMap<Integer, Double> embedding,
      SortedMap<Integer, Double> backbone,
      SortedMap<Integer, Double> pixels,
      SortedMap<Integer, Double> untrained,
      SortedMap<Integer, Double> untrainedBackbone) {
    return Verdict.of(
        new Verdict.Accuracies(embedding, backbone, pixels, untrained, untrainedBackbone, true, 10),
        NOTHING);
  }

  private static SortedMap<Integer, Double> byK(double five, double twoHundred) {
    return new TreeMap<>(Map.of(5, five, 200, twoHundred));
  }
}
