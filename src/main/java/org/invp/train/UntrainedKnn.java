package org.invp.train;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * kNN accuracies of the network before training, as shares by k. They are measured once, at the
 * start, so a run carries them in its checkpoints.
 *
 * @param embedding of its embedding
 * @param backbone of its backbone's features; empty where these were not measured
 */
record UntrainedKnn(SortedMap<Integer, Double> embedding, SortedMap<Integer, Double> backbone) {
  private static final String EMBEDDING = "untrained_knn";
  private static final String BACKBONE = "untrained_backbone_knn";

  /** One entry for each accuracy, as text that reads back to the same bits. */
  Map<String, String> toMetadata() {
    Map<String, String> metadata = new HashMap<>();
    embedding.forEach((k, accuracy) -> metadata.put(EMBEDDING + "." + k, accuracy.toString()));
    backbone.forEach((k, accuracy) -> metadata.put(BACKBONE + "." + k, accuracy.toString()));
    return metadata;
  }

  /**
   * Reads what {@link #toMetadata} wrote. Older checkpoints have the embedding's accuracy at one k
   * only.
   *
   * @param k the {@code evaluation.k} of the checkpoint's settings, which is that one
   * @return null where nothing was measured
   * @throws InvalidDataException when an entry is not a number
   */
  static UntrainedKnn fromMetadata(Map<String, String> metadata, int k) {
    SortedMap<Integer, Double> embedding = byK(metadata, EMBEDDING);
    if (embedding.isEmpty() && metadata.containsKey(EMBEDDING)) {
      embedding.put(k, number(EMBEDDING, metadata.get(EMBEDDING)));
    }
    return embedding.isEmpty() ? null : new UntrainedKnn(embedding, byK(metadata, BACKBONE));
  }

  private static SortedMap<Integer, Double> byK(Map<String, String> metadata, String name) {
    SortedMap<Integer, Double> accuracies = new TreeMap<>();
    metadata.forEach(
        (key, text) -> {
          if (key.startsWith(name + ".")) {
            double k = number(key, key.substring(name.length() + 1));
            accuracies.put((int) k, number(key, text));
          }
        });
    return accuracies;
  }

  private static double number(String key, String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new InvalidDataException(
          Text.format("the checkpoint's %s is %s, not a number", key, text), e);
    }
  }
}
