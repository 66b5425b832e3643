package org.invp.cli;

import java.util.Map;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.ObjectiveOptions;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * Times whole steps of the objective over a random bank: search, walk, selection, both losses,
 * gradient, updates. Embeddings and images are drawn anew for every step.
 */
record BankBenchmark(int rows, int dimension, int batch, int top, int repeats, Mode mode) {
  /** Measures on an engine, which stays the caller's. */
  Map<String, Object> run(BankEngine engine) {
    ObjectiveOptions options = ObjectiveOptions.published(mode).withNegatives(top);
    BenchData data = new BenchData();
    try (MemoryBank bank = BenchData.bank(rows, dimension, engine);
        NeighbourGraph graph = NeighbourGraph.create(rows, options.neighbours(), engine);
        InvariancePropagation objective = new InvariancePropagation(bank, graph, options);
        FloatTensor embeddings = FloatTensor.allocate(batch, dimension);
        FloatTensor gradient = FloatTensor.allocate(batch, dimension);
        IntTensor indices = IntTensor.allocate(batch)) {
      try (IntTensor drawn = graph.neighbours().onHost()) {
        data.fillIds(drawn, rows);
        graph.neighbours().copyFrom(drawn);
      }
      BenchMeasurement.Work work =
          new BenchMeasurement.Work() {
            @Override
            public void prepare() {
              data.fillNormal(embeddings);
              data.fillDistinctIds(indices, rows);
            }

            @Override
            public void run() {
              objective.step(indices, embeddings, options.lambda(), 0, gradient);
            }
          };
      return BenchMeasurement.of(engine, repeats, work)
          .figures(engine, 2.0 * rows * batch * dimension);
    }
  }
}
