package org.invp.objective;

import java.util.Arrays;
import org.invp.InvalidDataException;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Shard;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.internal.Text;
import org.invp.tensor.IntTensor;

/**
 * The walk over a graph in shards, hop by hop: the owners fill in the rows of all anchors' newest
 * images, and every rank goes on alike. Yields what {@code BankEngine.walk} does on the whole
 * graph.
 */
final class ShardWalk implements AutoCloseable {
  private final ProcessGroup group;
  private final Shard shard;
  private final NeighbourGraph graph;
  private final int steps;
  private final Mode mode;
  private final int width;
  private final HostInts fetched = new HostInts();
  private final HostInts positives = new HostInts();
  private final int[] reached;
  private final int[] found;
  private long rowsFetched;

  /**
   * @param width the ids a walk may yield
   */
  ShardWalk(
      ProcessGroup group, Shard shard, NeighbourGraph graph, int steps, Mode mode, int width) {
    this.group = group;
    this.shard = shard;
    this.graph = graph;
    this.steps = steps;
    this.mode = mode;
    this.width = width;
    this.reached = new int[width];
    this.found = new int[2 * width];
  }

  /** [Q, W], the positives of all anchors; collective. */
  IntTensor run(IntTensor anchors) {
    int batch = (int) anchors.size();
    IntTensor out = positives.at(batch, width);
    int[][] layers = new int[batch][];
    int[] sizes = new int[batch];
    for (int q = 0; q < batch; q++) {
      layers[q] = new int[] {anchors.get(q)};
    }
    for (int step = 0; step < steps; step++) {
      IntTensor rows = fetch(layers);
      int first = 0;
      for (int q = 0; q < batch; q++) {
        int images = layers[q].length;
        layers[q] =
            mode == Mode.PAPER
                ? merge(anchors.get(q), rows, first, images, out, q, sizes)
                : append(rows, first, images, out, q, sizes);
        first += images;
      }
    }
    for (int q = 0; q < batch; q++) {
      for (int j = sizes[q]; j < width; j++) {
        out.set((long) q * width + j, -1);
      }
    }
    return out;
  }

  /** The graph rows of all images of the layers, one after the other. */
  private IntTensor fetch(int[]... layers) {
    int k = graph.degree();
    int images = Arrays.stream(layers).mapToInt(layer -> layer.length).sum();
    IntTensor rows = fetched.at(images, k);
    IntTensor own = graph.neighbours();
    int at = 0;
    for (int[] layer : layers) {
      for (int image : layer) {
        boolean here = shard.owns(image);
        for (int n = 0; n < k; n++) {
          rows.set((long) at * k + n, here ? own.get((long) shard.local(image) * k + n) : 0);
        }
        at++;
      }
    }
    group.allReduce(rows, Reduction.SUM);
    rowsFetched += images;
    for (long i = 0; i < rows.size(); i++) {
      if (rows.get(i) < 0 || rows.get(i) >= shard.rows()) {
        throw new InvalidDataException(
            Text.format(
                "the graph names image %d, allowed: 0 to %d", rows.get(i), shard.rows() - 1));
      }
    }
    return rows;
  }

  // The published program's: everything in a row, repeats and all.
  private int[] append(IntTensor rows, int first, int images, IntTensor out, int q, int... sizes) {
    int k = graph.degree();
    int[] layer = new int[images * k];
    for (int j = 0; j < layer.length; j++) {
      layer[j] = rows.get((long) first * k + j);
      out.set((long) q * width + sizes[q] + j, layer[j]);
    }
    sizes[q] += layer.length;
    return layer;
  }

  // The paper's: each image once, without the anchor, ascending. Returns those that are new.
  private int[] merge(
      int anchor, IntTensor rows, int first, int images, IntTensor out, int q, int... sizes) {
    int k = graph.degree();
    int count = images * k;
    for (int j = 0; j < count; j++) {
      reached[j] = rows.get((long) first * k + j);
    }
    Arrays.sort(reached, 0, count);
    int size = sizes[q];
    long row = (long) q * width;
    for (int j = 0; j < size; j++) {
      found[j] = out.get(row + j);
    }
    int fresh = 0;
    for (int j = 0; j < count; j++) {
      int image = reached[j];
      boolean repeated = j > 0 && reached[j - 1] == image;
      if (!repeated && image != anchor && Arrays.binarySearch(found, 0, size, image) < 0) {
        found[size + fresh++] = image;
      }
    }
    int[] layer = Arrays.copyOfRange(found, size, size + fresh);
    Arrays.sort(found, 0, size + fresh);
    for (int j = 0; j < size + fresh; j++) {
      out.set(row + j, found[j]);
    }
    sizes[q] = size + fresh;
    return layer;
  }

  /** How many graph rows were fetched so far: what decides the traffic. */
  long rowsFetched() {
    return rowsFetched;
  }

  @Override
  public void close() {
    fetched.close();
    positives.close();
  }
}
