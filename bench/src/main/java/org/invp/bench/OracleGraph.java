package org.invp.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.train.GraphBuilder;

/**
 * A neighbour graph by the images' labels: what the loss could do if the walk found images of the
 * class. A control, no method; it does what the method must do without labels.
 */
final class OracleGraph implements GraphBuilder {
  private static final double WRONG = 0.1;

  /** Which images of the class become neighbours. */
  enum Kind {
    /** Any others of the class, drawn with repetition, anew for every epoch. */
    RANDOM,
    /** The same, but each with probability 0.1 any other image. */
    ONE_IN_TEN,
    /** The most similar others of the class in the bank; few of them repeat. */
    NEAREST;

    /** As it is written in commands. */
    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  private final Kind kind;
  private final long seed;
  private final int[] labels;
  private final List<int[]> classes;

  /** For every image its place among those of its class. */
  private final int[] places;

  /**
   * A graph of a training set.
   *
   * @param seed what is drawn for an image follows from it, the epoch and the image
   * @param labels of the training images, by row
   * @throws InvalidDataException if an image has no label, or is the only one of its class
   */
  OracleGraph(Kind kind, long seed, int... labels) {
    this.kind = kind;
    this.seed = seed;
    this.labels = labels.clone();
    TreeMap<Integer, List<Integer>> byLabel = new TreeMap<>();
    places = new int[labels.length];
    for (int image = 0; image < labels.length; image++) {
      if (labels[image] == ImageDataset.UNLABELLED) {
        throw new InvalidDataException(Text.format("training image %d has no label", image));
      }
      List<Integer> members = byLabel.computeIfAbsent(labels[image], label -> new ArrayList<>());
      places[image] = members.size();
      members.add(image);
    }
    classes = new ArrayList<>();
    for (int label = 0; label <= byLabel.lastKey(); label++) {
      List<Integer> members = byLabel.getOrDefault(label, List.of());
      if (members.size() == 1) {
        throw new InvalidDataException(
            Text.format(
                "training image %d is the only one of class %d: it has no neighbours in its class",
                members.get(0), label));
      }
      classes.add(members.stream().mapToInt(Integer::intValue).toArray());
    }
  }

  @Override
  public String graphName() {
    return Text.format("oracle graph (%s)", kind.word());
  }

  @Override
  public void build(
      MemoryBank bank, NeighbourGraph graph, int epoch, NeighbourGraph.Progress progress) {
    int[] ids =
        kind == Kind.NEAREST
            ? nearest(bank, graph.degree(), progress)
            : drawn(epoch, graph.degree());
    graph.neighbours().copyFrom(ids);
    progress.report(labels.length, labels.length);
  }

  /** The neighbours of all images, k each. */
  private int[] drawn(int epoch, int k) {
    int[] ids = new int[labels.length * k];
    for (int image = 0; image < labels.length; image++) {
      Random random = new Random(mix(mix(mix(seed) + epoch) + image));
      for (int n = 0; n < k; n++) {
        boolean any = kind == Kind.ONE_IN_TEN && random.nextDouble() < WRONG;
        ids[image * k + n] = any ? otherImage(random, image) : otherOfClass(random, image);
      }
    }
    return ids;
  }

  private int otherImage(Random random, int image) {
    int drawn = random.nextInt(labels.length - 1);
    return drawn < image ? drawn : drawn + 1;
  }

  private int otherOfClass(Random random, int image) {
    int[] members = classes.get(labels[image]);
    int drawn = random.nextInt(members.length - 1);
    return members[drawn < places[image] ? drawn : drawn + 1];
  }

  /** SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): near numbers become far ones. */
  private static long mix(long number) {
    long z = number + 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  private int[] nearest(MemoryBank bank, int k, NeighbourGraph.Progress progress) {
    int[] ids = new int[labels.length * k];
    int done = 0;
    try (FloatTensor rows = bank.embeddings().onHost()) {
      for (int[] members : classes) {
        if (members.length > 0) {
          nearestOfClass(bank, rows, members, k, ids);
          done += members.length;
          progress.report(done, labels.length);
        }
      }
    }
    return ids;
  }

  private static void nearestOfClass(
      MemoryBank bank, FloatTensor rows, int[] members, int k, int... ids) {
    try (MemoryBank part = MemoryBank.create(members.length, bank.dimension(), bank.engine())) {
      part.fill(
          mine ->
              IntStream.range(0, members.length)
                  .forEach(
                      m ->
                          mine.slice(m, m + 1L).copyFrom(rows.slice(members[m], members[m] + 1L))));
      int found = Math.min(k, members.length - 1);
      try (NeighbourGraph graph = NeighbourGraph.build(part, found);
          IntTensor neighbours = graph.neighbours().onHost()) {
        for (int m = 0; m < members.length; m++) {
          for (int n = 0; n < k; n++) {
            ids[members[m] * k + n] = members[neighbours.get((long) m * found + n % found)];
          }
        }
      }
    }
  }
}
