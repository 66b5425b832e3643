package org.invp.eval;

import static org.invp.data.MultiLabelDataset.Target.ABSENT;
import static org.invp.data.MultiLabelDataset.Target.DIFFICULT;
import static org.invp.data.MultiLabelDataset.Target.PRESENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import org.invp.data.MultiLabelDataset.Target;
import org.junit.jupiter.api.Test;

class AveragePrecisionTest {
  private static double[] scores(double... values) {
    return values;
  }

  private static Target[] targets(Target... values) {
    return values;
  }

  @Test
  void theExamplesWorkedOutByHand() {
    // Found 1 of 2 at precision 1, then 2 of 2 at precision 2/3 (the third image).
    double[] scores = scores(4, 3, 2, 1);
    Target[] targets = targets(PRESENT, ABSENT, PRESENT, ABSENT);
    assertEquals(0.5 * 1 + 0.5 * 2 / 3, AveragePrecision.AREA.of(scores, targets), 1e-12);
    // Recalls 0 to 0.5 at precision 1: six of eleven; 0.6 to 1 at 2/3: five.
    assertEquals((6 + 5 * 2 / 3.0) / 11, AveragePrecision.VOC07.of(scores, targets), 1e-12);
  }

  @Test
  void precisionIsInterpolated() {
    // Precisions 0, 1/2, 2/3: the second positive lifts the first.
    double[] scores = scores(3, 2, 1);
    Target[] targets = targets(ABSENT, PRESENT, PRESENT);
    assertEquals(2 / 3.0, AveragePrecision.AREA.of(scores, targets), 1e-12);
    assertEquals(2 / 3.0, AveragePrecision.VOC07.of(scores, targets), 1e-12);
  }

  @Test
  void difficultImagesDoNotCount() {
    double[] scores = scores(9, 4, 3.5, 3, 2, 1, 0);
    Target[] targets = targets(DIFFICULT, PRESENT, DIFFICULT, ABSENT, PRESENT, ABSENT, DIFFICULT);
    assertEquals(0.5 + 0.5 * 2 / 3, AveragePrecision.AREA.of(scores, targets), 1e-12);
  }

  @Test
  void equalScoresAreFoundTogetherInWhateverOrder() {
    double[] scores = scores(1, 1, 1, 1);
    for (AveragePrecision rule : AveragePrecision.values()) {
      assertEquals(0.25, rule.of(scores, targets(PRESENT, ABSENT, ABSENT, ABSENT)), 1e-12);
      assertEquals(0.25, rule.of(scores, targets(ABSENT, ABSENT, ABSENT, PRESENT)), 1e-12);
    }
    assertEquals(1, AveragePrecision.AREA.of(scores(0.0, -0.0), targets(PRESENT, PRESENT)), 0);
    double zeros = AveragePrecision.AREA.of(scores(0.0, -0.0), targets(PRESENT, ABSENT));
    assertEquals(0.5, zeros, 1e-12);
  }

  /** scripts/make-eval-fixtures.py. */
  @Test
  void agreesWithScikitLearn() throws IOException {
    JsonNode cases;
    try (InputStream in = getClass().getResourceAsStream("/eval/average-precision.json")) {
      cases = JsonMapper.builder().build().readTree(in).get("cases");
    }
    assertEquals(7, cases.size());
    for (JsonNode one : cases) {
      int count = one.get("scores").size();
      double[] scores = new double[count];
      Target[] targets = new Target[count];
      for (int i = 0; i < count; i++) {
        scores[i] = one.get("scores").get(i).asDouble();
        targets[i] = one.get("present").get(i).asBoolean() ? PRESENT : ABSENT;
      }
      for (AveragePrecision rule : AveragePrecision.values()) {
        double expected = one.get(rule.name().toLowerCase(Locale.ROOT)).asDouble();
        assertEquals(expected, rule.of(scores, targets), 1e-12, rule + " of " + one);
      }
    }
  }

  @Test
  void agreesWithBruteForce() {
    for (int round = 0; round < 300; round++) {
      long seed = System.nanoTime();
      Random random = new Random(seed);
      int count = 1 + random.nextInt(60);
      int levels = 1 + random.nextInt(80);
      double[] scores = random.ints(count, -levels, levels).mapToDouble(s -> s / 7.0).toArray();
      Target[] targets = new Target[count];
      Arrays.setAll(targets, i -> Target.values()[random.nextInt(3)]);
      targets[random.nextInt(count)] = PRESENT;
      int positives = (int) Arrays.stream(targets).filter(t -> t == PRESENT).count();
      double eleven = 0;
      for (int tenths = 0; tenths <= 10; tenths++) {
        int needed = (tenths * positives + 9) / 10;
        eleven += bestPrecision(scores, targets, needed) / 11;
      }
      double area = 0;
      for (int needed = 1; needed <= positives; needed++) {
        area += bestPrecision(scores, targets, needed) / positives;
      }
      assertEquals(eleven, AveragePrecision.VOC07.of(scores, targets), 1e-12, () -> "seed " + seed);
      assertEquals(area, AveragePrecision.AREA.of(scores, targets), 1e-12, () -> "seed " + seed);
    }
  }

  /** The highest precision of all thresholds that find so many positives. */
  private static double bestPrecision(double[] scores, Target[] targets, int needed) {
    double best = 0;
    for (double threshold : scores) {
      int right = 0;
      int wrong = 0;
      for (int image = 0; image < scores.length; image++) {
        if (scores[image] >= threshold) {
          right += targets[image] == PRESENT ? 1 : 0;
          wrong += targets[image] == ABSENT ? 1 : 0;
        }
      }
      if (right >= needed && right + wrong > 0) {
        best = Math.max(best, (double) right / (right + wrong));
      }
    }
    return best;
  }

  @Test
  void refusesWhatHasNoAverage() {
    for (AveragePrecision rule : AveragePrecision.values()) {
      assertThrows(
          IllegalArgumentException.class, () -> rule.of(scores(1, 2), targets(ABSENT, DIFFICULT)));
      assertThrows(
          IllegalArgumentException.class, () -> rule.of(scores(Double.NaN), targets(PRESENT)));
      assertThrows(IllegalArgumentException.class, () -> rule.of(scores(1, 2), targets(PRESENT)));
    }
  }
}
