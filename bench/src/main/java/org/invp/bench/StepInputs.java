package org.invp.bench;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.bank.StepTensors;
import org.invp.tensor.FloatTensor;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A random bank and graph, a batch, and what every stage of a step finds for it. */
@State(Scope.Benchmark)
public class StepInputs {
  static final int DIMENSION = 128;
  static final int NEIGHBOURS = 4;
  static final int STEPS = 3;
  private static final int POSITIVES = 50;
  private static final long SEED = 1;

  /** N. */
  @Param("60000")
  public int rows;

  /** B. */
  @Param("128")
  public int batch;

  /** M. */
  @Param("4096")
  public int top;

  /** Threads of the engine. */
  @Param("2")
  public int threads;

  /** Where the bank works: cpu, cuda, cuda:N. */
  @Param("cpu")
  public String device;

  BankEngine engine;
  MemoryBank bank;
  NeighbourGraph graph;
  FloatTensor embeddings;
  FloatTensor gradient;
  FloatTensor positiveScores;
  StepTensors step;

  /** Draws the inputs and runs the stages once. */
  @Setup
  public void prepare() {
    engine = BankEngine.on(Device.parse(device), threads);
    bank = MemoryBank.create(rows, DIMENSION, engine);
    bank.fillRandom(SEED);
    graph = NeighbourGraph.create(rows, NEIGHBOURS, engine);
    embeddings = engine.allocateFloats(batch, DIMENSION);
    gradient = engine.allocateFloats(batch, DIMENSION);
    engine.fillRandom(embeddings, SEED + 1);

    int width = BankEngine.walkWidth(NEIGHBOURS, STEPS);
    positiveScores = engine.allocateFloats(batch, width);
    step =
        new StepTensors(
            engine.allocateInts(batch),
            engine.allocateFloats(batch, DIMENSION),
            engine.allocateFloats(batch),
            engine.allocateFloats(batch),
            engine.allocateInts(batch, top),
            engine.allocateFloats(batch, top),
            engine.allocateInts(batch, width),
            engine.allocateInts(batch, POSITIVES),
            engine.allocateFloats(batch, POSITIVES));
    draw(new SplittableRandom(SEED));
    engine.normalise(embeddings, step.unit(), step.norms());
    nearest();
    walk();
    engine.score(bank.embeddings(), step.unit(), step.positives(), positiveScores);
    engine.score(bank.embeddings(), step.unit(), step.anchors(), step.ownScores());
    engine.select(
        step.anchors(),
        step.positives(),
        positiveScores,
        Selection.HARD,
        0,
        step.chosen(),
        step.chosenScores());
  }

  void nearest() {
    engine.nearest(
        bank.embeddings(), step.unit(), BankEngine.Order.ID, step.nearest(), step.nearestScores());
  }

  void walk() {
    engine.walk(graph.neighbours(), step.anchors(), STEPS, Mode.PAPER, step.positives());
  }

  private void draw(SplittableRandom random) {
    int[] neighbours = new int[rows * NEIGHBOURS];
    Arrays.setAll(neighbours, i -> random.nextInt(rows));
    graph.neighbours().copyFrom(neighbours);
    step.anchors().copyFrom(random.ints(0, rows).distinct().limit(batch).toArray());
  }

  /** Releases everything. */
  @TearDown
  public void close() {
    step.anchors().close();
    step.unit().close();
    step.norms().close();
    step.ownScores().close();
    step.nearest().close();
    step.nearestScores().close();
    step.positives().close();
    step.chosen().close();
    step.chosenScores().close();
    positiveScores.close();
    gradient.close();
    embeddings.close();
    graph.close();
    bank.close();
    engine.close();
  }
}
