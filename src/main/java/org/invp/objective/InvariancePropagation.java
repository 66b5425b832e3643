package org.invp.objective;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.StepTensors;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Workspace;

/**
 * The loss of Invariance Propagation (Wang et al., NeurIPS 2020) over a memory bank and its graph.
 *
 * <p>Borrows the bank and the graph, owns only its buffers, which grow to the largest batch seen.
 * Not thread-safe: one step at a time.
 */
public final class InvariancePropagation implements Objective {
  private final MemoryBank bank;
  private final NeighbourGraph graph;
  private final ObjectiveOptions options;
  private final GraphUpdate graphUpdate;
  private final int walkWidth;
  private final Workspace workspace;
  private IntTensor positives;

  /**
   * With the published graph, whose rows every step writes.
   *
   * @param bank the memory bank, N rows
   * @param graph the neighbour graph of the same N images
   * @throws IllegalArgumentException if sizes do not fit, or M exceeds N
   */
  public InvariancePropagation(MemoryBank bank, NeighbourGraph graph, ObjectiveOptions options) {
    this(bank, graph, options, GraphUpdate.LAZY);
  }

  /**
   * @param bank the memory bank, N rows
   * @param graph the neighbour graph of the same N images
   * @param graphUpdate whether a step writes the graph rows of its batch
   * @throws IllegalArgumentException if sizes do not fit, or M exceeds N
   */
  public InvariancePropagation(
      MemoryBank bank, NeighbourGraph graph, ObjectiveOptions options, GraphUpdate graphUpdate) {
    if (graph.rows() != bank.rows() || graph.degree() != options.neighbours()) {
      throw new IllegalArgumentException(
          Text.format(
              "the graph is %d x %d, needs %d x %d",
              graph.rows(), graph.degree(), bank.rows(), options.neighbours()));
    }
    if (options.negatives() > bank.rows()) {
      throw new IllegalArgumentException(
          Text.format(
              "objective.negatives is %d, allowed: at most the number of images, %d",
              options.negatives(), bank.rows()));
    }
    this.bank = bank;
    this.graph = graph;
    this.options = options;
    this.graphUpdate = graphUpdate;
    this.walkWidth = BankEngine.walkWidth(options.neighbours(), options.steps());
    this.workspace = new Workspace(bank.engine().memory());
  }

  /**
   * {@inheritDoc}
   *
   * <p>Tensors that do not lie in the memory of the bank's engine are copied to it, and the
   * gradient from it; {@link #positives} lies there.
   */
  @Override
  public StepResult step(
      IntTensor indices,
      FloatTensor embeddings,
      double invarianceWeight,
      long draw,
      FloatTensor gradient) {
    requireImages(indices);
    workspace.reset();
    BankEngine engine = bank.engine();
    FloatTensor rows = bank.embeddings();
    Mode mode = options.mode();
    long batch = indices.shape(0);
    IntTensor anchors = workspace.in(indices);

    FloatTensor unit = workspace.floats(batch, bank.dimension());
    FloatTensor norms = workspace.floats(batch);
    double meanCosine = engine.normalise(workspace.in(embeddings), unit, norms);

    IntTensor nearest = workspace.ints(batch, options.negatives());
    FloatTensor nearestScores = workspace.floats(nearest.shape());
    engine.nearest(rows, unit, BankEngine.Order.ID, nearest, nearestScores);

    positives = workspace.ints(batch, walkWidth);
    FloatTensor positiveScores = workspace.floats(positives.shape());
    engine.walk(graph.neighbours(), anchors, options.steps(), mode, positives);
    engine.score(rows, unit, positives, positiveScores);
    FloatTensor ownScores = workspace.floats(batch);
    engine.score(rows, unit, anchors, ownScores);

    IntTensor chosen = workspace.ints(batch, options.positives());
    FloatTensor chosenScores = workspace.floats(chosen.shape());
    engine.select(
        anchors, positives, positiveScores, options.selection(), draw, chosen, chosenScores);

    StepTensors step =
        new StepTensors(
            anchors,
            unit,
            norms,
            ownScores,
            nearest,
            nearestScores,
            positives,
            chosen,
            chosenScores);
    FloatTensor computed = workspace.at(gradient);
    BankEngine.Losses losses =
        engine.objective(
            rows,
            step,
            mode,
            options.exclusive(),
            options.temperature(),
            invarianceWeight,
            computed);

    if (graphUpdate == GraphUpdate.LAZY) {
      engine.updateGraph(graph.neighbours(), anchors, nearest, nearestScores, mode);
    }
    bank.update(anchors, unit, options.bankMomentum());
    gradient.copyFrom(computed);
    return new StepResult(losses.instance(), losses.invariance(), meanCosine);
  }

  // Before anything is queued: a device refuses them at its next wait, and can name places only.
  private void requireImages(IntTensor indices) {
    try (IntTensor ids = indices.onHost()) {
      for (long b = 0; b < ids.size(); b++) {
        if (ids.get(b) < 0 || ids.get(b) >= bank.rows()) {
          throw new IllegalArgumentException(
              Text.format(
                  "image %d of the batch is %d, allowed: 0 to %d", b, ids.get(b), bank.rows() - 1));
        }
      }
    }
  }

  @Override
  public IntTensor positives() {
    if (positives == null) {
      throw new IllegalStateException("no step was taken yet");
    }
    return positives;
  }

  @Override
  public void close() {
    workspace.close();
    positives = null;
  }
}
