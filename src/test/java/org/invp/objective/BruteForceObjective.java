package org.invp.objective;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.invp.bank.Mode;

/**
 * The objective straight from its definitions: whole rows of scores, Java collections, float64, and
 * a gradient by central differences with the sets held fixed. Slow and obvious, for small cases.
 */
final class BruteForceObjective {
  private static final double DIFFERENCE = 1e-5;
  private static final double OFFICIAL_EPSILON = 1e-7;

  private final float[][] bank;
  private final int[][] graph;
  private final ObjectiveOptions options;

  BruteForceObjective(float[][] bank, int[][] graph, ObjectiveOptions options) {
    this.bank = bank;
    this.graph = graph;
    this.options = options;
  }

  /** What the sets of one anchor are; they do not move while the gradient is taken. */
  private record Sets(
      int anchor, List<Integer> nearest, List<Integer> positives, List<Integer> chosen) {}

  /** Everything one step yields. */
  @SuppressWarnings("ArrayRecordComponent") // Compared element by element.
  record Step(
      double lossIns,
      double lossInv,
      double[][] gradient,
      List<List<Integer>> positives,
      int[][] graphAfter,
      double[][] bankAfter,
      double[] blendNorms) {}

  Step step(int[] indices, float[][] embeddings, double weight, long draw) {
    int batch = indices.length;
    double lossIns = 0;
    double lossInv = 0;
    double[][] gradient = new double[batch][];
    List<List<Integer>> positives = new ArrayList<>();
    int[][] graphAfter =
        IntStream.range(0, graph.length).mapToObj(i -> graph[i].clone()).toArray(int[][]::new);
    double[][] bankAfter = new double[bank.length][];
    double[] blendNorms = new double[bank.length];
    for (int b = 0; b < batch; b++) {
      Sets sets = sets(indices[b], embeddings[b], draw);
      positives.add(sets.positives());
      double[] x = widen(embeddings[b]);
      lossIns += instance(x, sets) / batch;
      lossInv += invariance(x, sets) / batch;
      gradient[b] = new double[x.length];
      for (int d = 0; d < x.length; d++) {
        double at = x[d];
        x[d] = at + DIFFERENCE;
        double above = instance(x, sets) + weight * invariance(x, sets);
        x[d] = at - DIFFERENCE;
        double below = instance(x, sets) + weight * invariance(x, sets);
        x[d] = at;
        gradient[b][d] = (above - below) / (2 * DIFFERENCE) / batch;
      }
      graphAfter[indices[b]] = graphRow(sets);
      double[] blend = blended(indices[b], unit(x));
      bankAfter[indices[b]] = unit(blend);
      blendNorms[indices[b]] = Math.sqrt(Arrays.stream(blend).map(value -> value * value).sum());
    }
    return new Step(lossIns, lossInv, gradient, positives, graphAfter, bankAfter, blendNorms);
  }

  private Sets sets(int anchor, float[] embedding, long draw) {
    double[] unit = unit(widen(embedding));
    float[] query = new float[unit.length];
    for (int d = 0; d < query.length; d++) {
      query[d] = (float) unit[d];
    }
    Comparator<Integer> descending =
        Comparator.<Integer>comparingDouble(id -> -chained(query, bank[id]))
            .thenComparing(id -> id);
    List<Integer> nearest =
        IntStream.range(0, bank.length)
            .boxed()
            .sorted(descending)
            .limit(options.negatives())
            .toList();
    List<Integer> positives = official() ? concatenation(anchor) : reached(anchor);
    Comparator<Integer> ascending =
        Comparator.<Integer>comparingDouble(id -> chained(query, bank[id])).thenComparing(id -> id);
    List<Integer> ranked =
        switch (options.selection()) {
          case HARD -> positives.stream().sorted(ascending).toList();
          case EASY -> positives.stream().sorted(descending).toList();
          case RANDOM -> drawn(positives, anchor, draw);
        };
    List<Integer> chosen = ranked.stream().limit(options.positives()).toList();
    return new Sets(anchor, nearest, positives, chosen);
  }

  /** In the order of the draw, as {@code invp/bank.h} defines it. */
  private static List<Integer> drawn(List<Integer> positives, int anchor, long draw) {
    Comparator<Integer> byDraw =
        Comparator.comparingLong(place -> -(mix(mix(draw ^ anchor) ^ place) >>> 32));
    return IntStream.range(0, positives.size())
        .boxed()
        .sorted(byDraw.thenComparing(place -> place))
        .map(positives::get)
        .toList();
  }

  private static long mix(long value) {
    long x = value + 0x9E3779B97F4A7C15L;
    x = (x ^ x >>> 30) * 0xBF58476D1CE4E5B9L;
    x = (x ^ x >>> 27) * 0x94D049BB133111EBL;
    return x ^ x >>> 31;
  }

  private boolean official() {
    return options.mode() == Mode.OFFICIAL;
  }

  private List<Integer> concatenation(int anchor) {
    List<Integer> all = new ArrayList<>();
    List<Integer> layer = List.of(anchor);
    for (int step = 0; step < options.steps(); step++) {
      List<Integer> next = new ArrayList<>();
      for (int id : layer) {
        for (int neighbour : graph[id]) {
          next.add(neighbour);
        }
      }
      all.addAll(next);
      layer = next;
    }
    return all;
  }

  private List<Integer> reached(int anchor) {
    TreeSet<Integer> seen = new TreeSet<>(List.of(anchor));
    for (int step = 0; step < options.steps(); step++) {
      for (int id : List.copyOf(seen)) {
        for (int neighbour : graph[id]) {
          seen.add(neighbour);
        }
      }
    }
    seen.remove(anchor);
    return List.copyOf(seen);
  }

  private double instance(double[] x, Sets sets) {
    double own = e(x, sets.anchor());
    double all = sets.nearest().stream().mapToDouble(id -> e(x, id)).sum();
    if (official()) {
      return -Math.log(own / all + OFFICIAL_EPSILON);
    }
    return -Math.log(own / (sets.nearest().contains(sets.anchor()) ? all : all + own));
  }

  private double invariance(double[] x, Sets sets) {
    double hard = sets.chosen().stream().mapToDouble(id -> e(x, id)).sum();
    if (official()) {
      double all = sets.nearest().stream().mapToDouble(id -> e(x, id)).sum();
      double rest = options.exclusive() ? all - e(x, sets.anchor()) : all;
      return -Math.log(hard / rest + OFFICIAL_EPSILON);
    }
    if (sets.chosen().isEmpty()) {
      return 0;
    }
    double negatives =
        sets.nearest().stream()
            .filter(id -> !sets.positives().contains(id))
            .filter(id -> !options.exclusive() || id != sets.anchor())
            .mapToDouble(id -> e(x, id))
            .sum();
    return -Math.log(hard / (negatives + hard));
  }

  private int[] graphRow(Sets sets) {
    int k = options.neighbours();
    List<Integer> best = new ArrayList<>(sets.nearest());
    if (official()) {
      best = best.subList(0, k + 1);
      int own = best.indexOf(sets.anchor());
      if (own >= 0) {
        best.set(own, best.get(k));
      }
    } else {
      best.remove(Integer.valueOf(sets.anchor()));
    }
    return best.subList(0, k).stream().mapToInt(id -> id).toArray();
  }

  private double[] blended(int row, double[] unit) {
    double[] blend = new double[unit.length];
    for (int d = 0; d < blend.length; d++) {
      blend[d] = options.bankMomentum() * bank[row][d] + (1 - options.bankMomentum()) * unit[d];
    }
    return blend;
  }

  private double e(double[] x, int id) {
    double[] v = unit(x);
    double score = 0;
    for (int d = 0; d < v.length; d++) {
      score += v[d] * bank[id][d];
    }
    return Math.exp(score / options.temperature());
  }

  /** The score every device ranks by: fused multiply-adds in float32, dimensions ascending. */
  static float chained(float[] a, float[] b) {
    float sum = 0;
    for (int d = 0; d < a.length; d++) {
      sum = Math.fma(a[d], b[d], sum);
    }
    return sum + 0.0f;
  }

  private static double[] unit(double[] x) {
    double square = 0;
    for (double value : x) {
      square += value * value;
    }
    double norm = Math.sqrt(square);
    double[] unit = new double[x.length];
    for (int d = 0; d < x.length; d++) {
      unit[d] = x[d] / norm;
    }
    return unit;
  }

  private static double[] widen(float[] x) {
    double[] wide = new double[x.length];
    for (int d = 0; d < x.length; d++) {
      wide[d] = x[d];
    }
    return wide;
  }
}
