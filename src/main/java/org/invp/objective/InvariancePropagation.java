package org.invp.objective;

import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.internal.Text;
import org.invp.tensor.FloatStaging;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntStaging;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;

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
  private final Mode mode;
  private final GraphUpdate graphUpdate;
  private final IntStaging anchorStaging;
  private final FloatStaging embeddingStaging;
  private final FloatStaging gradientStaging;
  private StepBuffers buffers;
  private StepBuffers last;

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
    this.mode = options.mode();
    this.graphUpdate = graphUpdate;
    Memory memory = bank.engine().memory();
    this.anchorStaging = new IntStaging(memory);
    this.embeddingStaging = new FloatStaging(memory);
    this.gradientStaging = new FloatStaging(memory);
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
    IntTensor anchors = anchorStaging.in(indices);
    FloatTensor slope = gradientStaging.at(gradient);
    StepResult result =
        step(anchors, embeddingStaging.in(embeddings), slope, invarianceWeight, draw);
    gradient.copyFrom(slope);
    return result;
  }

  // A device's kernels cannot refuse them, and would read beyond the bank.
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

  private StepResult step(
      IntTensor indices,
      FloatTensor embeddings,
      FloatTensor gradient,
      double invarianceWeight,
      long draw) {
    BankEngine engine = bank.engine();
    StepBuffers step = buffers(indices.shape(0));
    last = step;

    double meanCosine = engine.normalise(embeddings, step.unit(), step.norms());
    engine.nearest(
        bank.embeddings(), step.unit(), BankEngine.Order.ID, step.nearest(), step.nearestScores());
    engine.walk(graph.neighbours(), indices, options.steps(), mode, step.positives());
    engine.score(bank.embeddings(), step.unit(), step.positives(), step.positiveScores());
    engine.score(bank.embeddings(), step.unit(), indices, step.ownScores());
    engine.select(
        indices,
        step.positives(),
        step.positiveScores(),
        options.selection(),
        draw,
        step.chosen(),
        step.chosenScores());
    BankEngine.Losses losses =
        engine.objective(
            bank.embeddings(),
            step.tensors(indices),
            mode,
            options.exclusive(),
            options.temperature(),
            invarianceWeight,
            gradient);

    if (graphUpdate == GraphUpdate.LAZY) {
      engine.updateGraph(graph.neighbours(), indices, step.nearest(), step.nearestScores(), mode);
    }
    bank.update(indices, step.unit(), options.bankMomentum());
    return new StepResult(losses.instance(), losses.invariance(), meanCosine);
  }

  @Override
  public IntTensor positives() {
    if (last == null) {
      throw new IllegalStateException("no step was taken yet");
    }
    return last.positives();
  }

  @Override
  public void close() {
    anchorStaging.close();
    embeddingStaging.close();
    gradientStaging.close();
    releaseBuffers();
  }

  private void releaseBuffers() {
    if (buffers != null) {
      buffers.close();
      buffers = null;
      last = null;
    }
  }

  private StepBuffers buffers(long batch) {
    if (buffers == null || batch > buffers.capacity()) {
      releaseBuffers();
      buffers =
          StepBuffers.allocate(
              bank.engine(),
              batch,
              bank.dimension(),
              options.negatives(),
              BankEngine.walkWidth(options.neighbours(), options.steps()),
              options.positives());
    }
    return buffers.slice(batch);
  }
}
