package org.invp.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.invp.bank.Mode;
import org.invp.bank.Selection;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.FeatureExtractor;
import org.invp.objective.ObjectiveOptions;
import org.invp.tensor.FloatTensor;

/** A random bank and graph, and what a probe should say of them, from the definitions. */
final class WalkOracle {
  private static final int NEAREST = 200; // As documented.

  private final TrainingConfig config;
  private final ObjectiveOptions options;
  private final int images;
  private final float[][] bank;
  private final int[][] graph;

  WalkOracle(TrainingConfig config, int images) {
    this.config = config;
    this.options = config.objective();
    this.images = images;
    Random random = new Random(8);
    bank = new float[images][config.network().dimension()];
    graph = new int[images][options.neighbours()];
    for (int image = 0; image < images; image++) {
      for (int d = 0; d < bank[image].length; d++) {
        bank[image][d] = (float) random.nextGaussian();
      }
    }
    for (int image = 0; image < images; image++) {
      List<Integer> nearest = nearest(image);
      for (int n = 0; n < graph[image].length; n++) {
        // Half of a row is right; the rest may be anything, the image itself included.
        graph[image][n] = random.nextBoolean() ? nearest.get(n) : random.nextInt(images);
      }
    }
  }

  float[] row(int image) {
    return bank[image];
  }

  int[] neighbours(int image) {
    return graph[image];
  }

  private float score(int a, int b) {
    float sum = 0;
    for (int d = 0; d < bank[a].length; d++) {
      sum = Math.fma(bank[a][d], bank[b][d], sum);
    }
    return sum;
  }

  /** All other images, most similar first. */
  private List<Integer> nearest(int anchor) {
    return IntStream.range(0, images)
        .filter(image -> image != anchor)
        .boxed()
        .sorted(
            Comparator.<Integer>comparingDouble(image -> -score(anchor, image))
                .thenComparing(image -> image))
        .toList();
  }

  /** The published program's walk, repeats and all. */
  private List<Integer> paths(int anchor) {
    List<Integer> all = new ArrayList<>();
    List<Integer> front = List.of(anchor);
    for (int step = 0; step < options.steps(); step++) {
      List<Integer> next = new ArrayList<>();
      for (int image : front) {
        Arrays.stream(graph[image]).forEach(next::add);
      }
      all.addAll(next);
      front = next;
    }
    return all;
  }

  /** A random selection is only known where it takes all. */
  private List<Integer> positives(int anchor, Collection<Integer> found, Selection selection) {
    Comparator<Integer> bySimilarity = Comparator.comparingDouble(image -> score(anchor, image));
    return found.stream()
        .sorted(
            (selection == Selection.EASY ? bySimilarity.reversed() : bySimilarity)
                .thenComparing(image -> image))
        .limit(options.positives())
        .filter(image -> image != anchor)
        .toList();
  }

  WalkFigures figures(ImageDataset train) {
    List<Integer> sizes = new ArrayList<>();
    List<Integer> right = new ArrayList<>();
    List<Integer> selectedRight = new ArrayList<>();
    List<Integer> easiestRight = new ArrayList<>();
    List<Float> similarities = new ArrayList<>();
    List<Integer> beyond = new ArrayList<>();
    List<Double> covered = new ArrayList<>();
    List<Double> agreement = new ArrayList<>();
    for (int anchor = 0; anchor < images; anchor++) {
      int self = anchor;
      List<Integer> paths = paths(anchor);
      Set<Integer> walk = new LinkedHashSet<>(paths);
      walk.remove(anchor);
      Collection<Integer> found = options.mode() == Mode.PAPER ? walk : paths;
      sizes.add(walk.size());
      List<Integer> rightHere = right(train, anchor, walk);
      right.addAll(rightHere);
      selectedRight.addAll(right(train, anchor, positives(anchor, found, options.selection())));
      easiestRight.addAll(right(train, anchor, positives(anchor, found, Selection.EASY)));
      List<Integer> nearest = nearest(anchor);
      for (int image : walk) {
        similarities.add(score(anchor, image));
        beyond.add(nearest.indexOf(image) >= NEAREST ? 1 : 0);
      }
      if (train.label(anchor) != ImageDataset.UNLABELLED) {
        double others =
            IntStream.range(0, images)
                .filter(image -> image != self && train.label(image) == train.label(self))
                .count();
        covered.add(rightHere.stream().mapToInt(one -> one).sum() / others);
      }
      List<Integer> row = Arrays.stream(graph[anchor]).boxed().toList();
      long held = nearest.stream().limit(row.size()).filter(row::contains).count();
      agreement.add((double) held / row.size());
    }
    return new WalkFigures(
        mean(sizes),
        mean(right),
        mean(selectedRight),
        mean(easiestRight),
        mean(similarities),
        mean(beyond),
        mean(covered),
        staleness(train),
        mean(agreement));
  }

  /** 1 or 0 for each image of which it is known whether it has the anchor's class. */
  private static List<Integer> right(ImageDataset train, int anchor, Collection<Integer> found) {
    return found.stream()
        .filter(image -> train.label(image) != ImageDataset.UNLABELLED)
        .filter(image -> train.label(anchor) != ImageDataset.UNLABELLED)
        .map(image -> train.label(image) == train.label(anchor) ? 1 : 0)
        .toList();
  }

  private double staleness(ImageDataset train) {
    int dimension = config.network().dimension();
    try (TrainingState state = new TrainingState(config, images, 1, ProcessGroup.alone());
        FloatTensor embeddings = FloatTensor.allocate(images, dimension)) {
      new FeatureExtractor(state.network(), Setup.evaluationView(config), 7, 1)
          .extract(train, null, embeddings, () -> {})
          .requireAny(train);
      List<Double> cosines = new ArrayList<>();
      for (int image = 0; image < images; image++) {
        float[] embedding = embeddings.slice(image, image + 1).toArray();
        cosines.add(
            dot(bank[image], embedding)
                / Math.sqrt(dot(bank[image], bank[image]) * dot(embedding, embedding)));
      }
      return mean(cosines);
    }
  }

  private static double dot(float[] a, float... b) {
    return IntStream.range(0, a.length).mapToDouble(d -> (double) a[d] * b[d]).sum();
  }

  private static double mean(List<? extends Number> values) {
    return values.stream().mapToDouble(Number::doubleValue).average().orElseThrow();
  }
}
