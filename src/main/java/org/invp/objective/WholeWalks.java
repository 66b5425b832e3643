package org.invp.objective;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/** Walks over a bank and a graph that are whole, where the bank's engine works. */
final class WholeWalks extends Walks {
  private final MemoryBank bank;
  private final NeighbourGraph graph;

  WholeWalks(MemoryBank bank, NeighbourGraph graph) {
    super(bank.engine().host());
    this.bank = bank;
    this.graph = graph;
  }

  @Override
  public FloatTensor rows(int... anchors) {
    FloatTensor rows = FloatTensor.allocate(anchors.length, bank.dimension());
    for (int a = 0; a < anchors.length; a++) {
      rows.slice(a, a + 1L).copyFrom(bank.embeddings().slice(anchors[a], anchors[a] + 1L));
    }
    return rows;
  }

  @Override
  public Found walk(int[] anchors, FloatTensor rows, int steps, Mode mode) {
    BankEngine engine = bank.engine();
    int width = BankEngine.walkWidth(graph.degree(), steps);
    try (Workspace workspace = new Workspace(engine.memory())) {
      IntTensor from = workspace.ints(anchors.length);
      IntTensor found = workspace.ints(anchors.length, width);
      FloatTensor scores = workspace.floats(anchors.length, width);
      from.copyFrom(anchors);
      engine.walk(graph.neighbours(), from, steps, mode, found);
      engine.score(bank.embeddings(), workspace.in(rows), found, scores);
      return new Found(width, anchors, found.toArray(), scores.toArray());
    }
  }

  @Override
  public int[] neighbours(int... anchors) {
    int k = graph.degree();
    int[] rows = new int[anchors.length * k];
    for (int a = 0; a < anchors.length; a++) {
      int[] row = graph.neighbours().slice(anchors[a], anchors[a] + 1L).toArray();
      System.arraycopy(row, 0, rows, a * k, k);
    }
    return rows;
  }
}
