package org.invp.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.Test;

class ClassifierTest {
  @Test
  void separatesWhatALineSeparates() {
    Random random = new Random(4);
    try (FloatTensor inputs = FloatTensor.allocate(90, 5);
        IntTensor labels = IntTensor.allocate(90);
        FloatTensor logits = FloatTensor.allocate(90, 3);
        Classifier classifier = Classifier.create(ClassifierOptions.plain(5, 3), 1);
        Sgd sgd = new Sgd(classifier, 0.9, 0, false)) {
      for (int row = 0; row < 90; row++) {
        labels.set(row, row % 3);
        for (int i = 0; i < 5; i++) {
          inputs.set(row * 5L + i, (float) (0.2 * random.nextGaussian() + (i == row % 3 ? 2 : 0)));
        }
      }
      double first = classifier.crossEntropy(inputs, labels, null);
      sgd.step(0.1);
      double loss = first;
      for (int step = 0; step < 50; step++) {
        loss = classifier.crossEntropy(inputs, labels, logits);
        sgd.step(0.1);
      }
      assertTrue(loss < 0.05 * first, first + " " + loss);
      classifier.logits(inputs, logits);
      for (int row = 0; row < 90; row++) {
        for (int other = 0; other < 3; other++) {
          assertTrue(logits.get(row * 3L + other) <= logits.get(row * 3L + row % 3));
        }
      }
    }
  }

  @Test
  void refusesOtherShapesAndUseAfterClose() {
    try (FloatTensor inputs = FloatTensor.allocate(2, 4);
        FloatTensor logits = FloatTensor.allocate(2, 3)) {
      Classifier classifier = Classifier.create(ClassifierOptions.plain(5, 3), 1);
      IllegalArgumentException wrong =
          assertThrows(IllegalArgumentException.class, () -> classifier.logits(inputs, logits));
      assertEquals("inputs of shape [2, 4], needed is [2, 5]", wrong.getMessage());
      classifier.close();
      classifier.close();
      FloatTensor right = FloatTensor.allocate(2, 5);
      assertThrows(IllegalStateException.class, () -> classifier.logits(right, logits));
      right.close();
    }
  }
}
