package org.invp.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import de.bwaldvogel.liblinear.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.eval.LogisticClassification.Draw;
import org.invp.tensor.FloatTensor;
import org.junit.jupiter.api.Test;

class LogisticClassificationTest {
  private static final int DIMENSION = 5;
  private static final int CLASSES = 3;

  /** Features around a place of each class. */
  private record Images(float[] rows, int[] labels) {
    static Images of(int count, double noise, long seed) {
      Random random = new Random(seed);
      float[] rows = new float[count * DIMENSION];
      int[] labels = new int[count];
      for (int image = 0; image < count; image++) {
        labels[image] = random.nextInt(CLASSES);
        for (int column = 0; column < DIMENSION; column++) {
          double place = column == labels[image] ? 1 : 0;
          rows[image * DIMENSION + column] = (float) (place + noise * random.nextGaussian());
        }
      }
      return new Images(rows, labels);
    }

    FloatTensor tensor() {
      return FloatTensor.of(rows, labels.length, DIMENSION);
    }
  }

  private static List<Draw> evaluate(
      Images train, Images test, double share, int draws, long seed, int threads) {
    try (FloatTensor known = train.tensor();
        FloatTensor asked = test.tensor()) {
      return new LogisticClassification(share, draws, seed, threads, () -> {})
          .evaluate(known, train.labels, asked, test.labels);
    }
  }

  @Test
  void tellsClassesThatLieApart() {
    List<Draw> draws = evaluate(Images.of(300, 0.05, 1), Images.of(100, 0.05, 2), 0.1, 4, 0, 1);
    assertEquals(4, draws.size());
    for (Draw draw : draws) {
      assertEquals(1, draw.top1());
      assertEquals(30, draw.labelled(), 1);
      assertTrue(LogisticClassification.COSTS.contains(draw.cost()));
    }
    assertEquals(1, LogisticClassification.mean(draws));
    assertEquals(0, LogisticClassification.deviation(draws));
  }

  @Test
  void followsFromTheSeedWhateverTheThreads() {
    Images train = Images.of(400, 0.8, 3);
    Images test = Images.of(200, 0.8, 4);
    List<Draw> one = evaluate(train, test, 0.1, 4, 9, 1);
    assertEquals(one, evaluate(train, test, 0.1, 4, 9, 3));
    assertEquals(one.subList(0, 2), evaluate(train, test, 0.1, 2, 9, 1));
    assertNotEquals(one, evaluate(train, test, 0.1, 4, 10, 1));
    assertTrue(one.stream().distinct().count() > 1, one::toString);
  }

  /** Images without a label may hold anything: neither scaling nor learning looks at them. */
  @Test
  void usesTheLabelledImagesAlone() {
    Images train = Images.of(400, 0.8, 5);
    Images test = Images.of(200, 0.8, 6);
    long draw = new SplittableRandom(9).nextLong();
    Set<Integer> labelled =
        Arrays.stream(LabelSplit.perClass(train.labels, 0.1, draw))
            .boxed()
            .collect(Collectors.toSet());
    Images other = new Images(train.rows.clone(), train.labels);
    for (int i = 0; i < other.rows.length; i++) {
      other.rows[i] = labelled.contains(i / DIMENSION) ? other.rows[i] : 1e6f * i;
    }
    assertEquals(evaluate(train, test, 0.1, 1, 9, 1), evaluate(other, test, 0.1, 1, 9, 1));
  }

  @Test
  void theScaleOfAFeatureDecidesNothing() {
    Images train = Images.of(300, 0.8, 7);
    Images test = Images.of(200, 0.8, 8);
    // By a power of two, which rounds nothing.
    assertEquals(
        evaluate(train, test, 0.1, 3, 0, 1), evaluate(scaled(train), scaled(test), 0.1, 3, 0, 1));
  }

  private static Images scaled(Images images) {
    float[] rows = images.rows.clone();
    for (int i = 1; i < rows.length; i += DIMENSION) {
      rows[i] *= 1024;
    }
    return new Images(rows, images.labels);
  }

  @Test
  void choosesTheCostThatRecognisesMostOfTheFoldsLeftOut() {
    for (long seed = 0; seed < 5; seed++) {
      Images images = Images.of(60, 1, seed);
      Feature[][] rows;
      try (FloatTensor tensor = images.tensor()) {
        rows = LiblinearRows.of(tensor);
      }
      double expected = 0;
      int most = -1;
      for (double cost : LogisticClassification.COSTS) {
        int right = recognised(rows, images.labels, cost);
        if (right > most) {
          most = right;
          expected = cost;
        }
      }
      AtomicInteger trainings = new AtomicInteger();
      assertEquals(
          expected,
          LogisticClassification.chooseCost(
              rows, images.labels, LogisticClassification.COSTS, trainings::incrementAndGet));
      assertEquals(
          LogisticClassification.COSTS.size() * LogisticClassification.FOLDS, trainings.get());
    }
  }

  /** Five times a fifth of every class is left out and asked for. */
  private static int recognised(Feature[][] rows, int[] labels, double cost) {
    int right = 0;
    for (int fold = 0; fold < 5; fold++) {
      List<Integer> asked = new ArrayList<>();
      for (int cls = 0; cls < CLASSES; cls++) {
        int id = cls;
        int[] own = IntStream.range(0, labels.length).filter(i -> labels[i] == id).toArray();
        for (int rank = 0; rank < own.length; rank++) {
          if (rank * 5 / own.length == fold) {
            asked.add(own[rank]);
          }
        }
      }
      int[] known = IntStream.range(0, labels.length).filter(i -> !asked.contains(i)).toArray();
      LogisticRegression regression =
          LogisticRegression.train(
              Arrays.stream(known).mapToObj(i -> rows[i]).toArray(Feature[][]::new),
              Arrays.stream(known).map(i -> labels[i]).toArray(),
              cost);
      right += (int) asked.stream().filter(i -> regression.predict(rows[i]) == labels[i]).count();
    }
    return right;
  }

  @Test
  void refusesWhatCannotBeLearntFrom() {
    Images images = Images.of(30, 1, 0);
    assertRefused("one class", new Images(images.rows, new int[30]), 0.5);
    assertRefused("raise --labels", images, 0.01);
    images.rows[7 * DIMENSION + 2] = Float.NaN;
    assertRefused("image 7 are not finite", images, 0.5);
  }

  private static void assertRefused(String expected, Images images, double share) {
    InvalidDataException refusal =
        assertThrows(InvalidDataException.class, () -> evaluate(images, images, share, 1, 0, 1));
    assertTrue(refusal.getMessage().contains(expected), refusal.getMessage());
  }
}
