package org.invp.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.invp.bank.Draws;
import org.invp.objective.ObjectiveOptions;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * What a walk over the neighbour graph finds from an anchor: every image within so many hops, each
 * once and at its first hop, without the anchor (section 3.1 of the paper); the least similar of
 * them are the hard positives (section 3.2). The anchor's row of the bank stands for its embedding.
 */
final class Walk {
  /**
   * An image found.
   *
   * @param hop 1 for a neighbour, 2 for a neighbour's neighbour, ...
   * @param similarity inner product with the anchor's row
   * @param chosen whether it is among the positives that the loss would use
   */
  record Found(int image, int hop, float similarity, boolean chosen) {}

  private final FloatTensor bank;
  private final IntTensor graph;
  private final ObjectiveOptions options;

  /**
   * @param bank [N, D]
   * @param graph [N, k]
   */
  Walk(FloatTensor bank, IntTensor graph, ObjectiveOptions options) {
    this.bank = bank;
    this.graph = graph;
    this.options = options;
  }

  /** Everything found, hop by hop, the most similar of a hop first. */
  List<Found> from(int anchor) {
    List<Found> all = new ArrayList<>();
    Set<Integer> seen = new HashSet<>(List.of(anchor));
    List<Integer> front = List.of(anchor);
    for (int hop = 1; hop <= options.steps(); hop++) {
      List<Integer> next = new ArrayList<>();
      for (int image : front) {
        for (int rank = 0; rank < graph.shape(1); rank++) {
          int found = graph.get((long) image * graph.shape(1) + rank);
          if (seen.add(found)) {
            next.add(found);
            all.add(new Found(found, hop, similarity(anchor, found), false));
          }
        }
      }
      front = next;
    }
    Comparator<Found> bySimilarity = Comparator.comparingDouble(Found::similarity);
    Set<Integer> chosen = new HashSet<>();
    all.stream()
        .sorted(preferred(anchor, bySimilarity).thenComparingInt(Found::image))
        .limit(options.positives())
        .forEach(found -> chosen.add(found.image));
    return all.stream()
        .map(f -> new Found(f.image, f.hop, f.similarity, chosen.contains(f.image)))
        .sorted(Comparator.comparingInt(Found::hop).thenComparing(bySimilarity.reversed()))
        .toList();
  }

  /** Of random positives, which every step draws anew, one draw is shown. */
  private Comparator<Found> preferred(int anchor, Comparator<Found> bySimilarity) {
    return switch (options.selection()) {
      case HARD -> bySimilarity;
      case EASY -> bySimilarity.reversed();
      case RANDOM -> Comparator.comparingLong(found -> -Draws.rank(0, anchor, found.image));
    };
  }

  private float similarity(int a, int b) {
    long dimension = bank.shape(1);
    float sum = 0;
    for (long d = 0; d < dimension; d++) {
      sum = Math.fma(bank.get(a * dimension + d), bank.get(b * dimension + d), sum);
    }
    return sum;
  }
}
