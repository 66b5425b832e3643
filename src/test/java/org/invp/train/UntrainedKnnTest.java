package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Map;
import java.util.TreeMap;
import org.invp.InvalidDataException;
import org.junit.jupiter.api.Test;

class UntrainedKnnTest {
  @Test
  void everyAccuracyComesBackToTheSameBits() {
    UntrainedKnn measured =
        new UntrainedKnn(
            new TreeMap<>(Map.of(1, 1 / 3.0, 200, 0.1)), new TreeMap<>(Map.of(200, Math.PI / 4)));
    assertEquals(measured, UntrainedKnn.fromMetadata(measured.toMetadata(), 5));
    UntrainedKnn embeddingAlone = new UntrainedKnn(measured.embedding(), new TreeMap<>());
    assertEquals(embeddingAlone, UntrainedKnn.fromMetadata(embeddingAlone.toMetadata(), 5));
  }

  @Test
  void anOlderCheckpointHasOneAccuracyAtItsK() {
    assertEquals(
        new UntrainedKnn(new TreeMap<>(Map.of(200, 0.68)), new TreeMap<>()),
        UntrainedKnn.fromMetadata(Map.of("untrained_knn", "0.68", "epoch", "3"), 200));
  }

  @Test
  void aCheckpointWithoutAnyHasNone() {
    assertNull(UntrainedKnn.fromMetadata(Map.of("epoch", "3"), 200));
  }

  @Test
  void whatIsNoNumberIsNamed() {
    assertEquals(
        "the checkpoint's untrained_knn.5 is high, not a number",
        assertThrows(
                InvalidDataException.class,
                () -> UntrainedKnn.fromMetadata(Map.of("untrained_knn.5", "high"), 5))
            .getMessage());
  }
}
