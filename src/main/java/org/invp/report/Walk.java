package org.invp.report;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.invp.bank.Mode;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.Walks;
import org.invp.tensor.FloatTensor;

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

  private final Walks walks;
  private final ObjectiveOptions options;

  Walk(Walks walks, ObjectiveOptions options) {
    this.walks = walks;
    this.options = options;
  }

  /** Everything found, hop by hop, the most similar of a hop first. */
  List<Found> from(int anchor) {
    try (FloatTensor row = walks.rows(anchor)) {
      Map<Integer, Integer> hops = new HashMap<>();
      for (int hop = 1; hop < options.steps(); hop++) {
        for (int image : walk(anchor, row, hop, Mode.PAPER).images()) {
          hops.putIfAbsent(image, hop);
        }
      }
      Walks.Found all = walk(anchor, row, options.steps(), Mode.PAPER);
      Set<Integer> chosen = chosen(anchor, row, all);
      return IntStream.range(0, all.width())
          .filter(place -> all.images()[place] >= 0)
          .mapToObj(
              place -> {
                int image = all.images()[place];
                return new Found(
                    image,
                    hops.getOrDefault(image, options.steps()),
                    all.similarities()[place],
                    chosen.contains(image));
              })
          .sorted(
              Comparator.comparingInt(Found::hop)
                  .thenComparing(Comparator.comparingDouble(Found::similarity).reversed()))
          .toList();
    }
  }

  private Walks.Found walk(int anchor, FloatTensor row, int steps, Mode mode) {
    return walks.walk(new int[] {anchor}, row, steps, mode);
  }

  private Set<Integer> chosen(int anchor, FloatTensor row, Walks.Found all) {
    Walks.Found loss =
        options.mode() == Mode.PAPER ? all : walk(anchor, row, options.steps(), options.mode());
    return Arrays.stream(walks.selected(loss, options)).boxed().collect(Collectors.toSet());
  }
}
