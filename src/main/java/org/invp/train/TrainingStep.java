package org.invp.train;

import org.invp.InvalidDataException;
import org.invp.bank.Draws;
import org.invp.config.TrainingConfig;
import org.invp.data.Batch;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.objective.Objective;
import org.invp.objective.StepResult;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * One step: images to embeddings, embeddings to losses and their gradient, gradient to weights.
 * Adds what it found and how long it took to the state's totals. Borrows the state.
 */
final class TrainingStep implements AutoCloseable {
  private static final double NANOS = 1e-9;

  private final TrainingState state;
  private final long seed;
  private final Objective objective;
  private final FloatTensor gradient;

  TrainingStep(TrainingConfig config, TrainingState state, ProcessGroup group) {
    this.state = state;
    this.seed = config.seed();
    objective =
        Objective.over(
            group,
            state.shard(),
            state.bank(),
            state.graph(),
            config.objective(),
            config.training().graph());
    gradient =
        FloatTensor.allocate(
            state.network().execution().memory(),
            config.training().batchSize(),
            config.network().dimension());
  }

  /**
   * Takes the step, with all ranks, and moves the position on by one.
   *
   * @param batch this rank's part
   * @param images how many take part in the step
   * @param rate the learning rate
   * @param weight lambda w(epoch)
   * @throws InvalidDataException when an embedding or the loss is no longer finite; the weights are
   *     those before the step then
   */
  StepMetrics take(Batch batch, Agreement.Images images, double rate, double weight) {
    FloatTensor slope = gradient.slice(images.own());

    long start = System.nanoTime();
    FloatTensor embeddings = images.own() == 0 ? slope : state.network().forward(batch.images());
    long embedded = System.nanoTime();
    StepResult result = judge(batch.indices().slice(images.own()), embeddings, weight, slope, rate);
    long judged = System.nanoTime();
    state.network().backward(slope);
    state.optimizer().step(rate);
    long done = System.nanoTime();

    double loss = result.lossIns() + weight * result.lossInv();
    state.totals().add(images.all(), loss, result);
    state
        .totals()
        .addStepSeconds((judged - embedded) * NANOS, (embedded - start + done - judged) * NANOS);
    state.moveTo(state.position().afterStep());
    return new StepMetrics(
        state.position().epoch(),
        state.position().step(),
        loss,
        result.lossIns(),
        result.lossInv(),
        rate,
        result.meanCosine());
  }

  private StepResult judge(
      IntTensor indices, FloatTensor embeddings, double weight, FloatTensor slope, double rate) {
    StepResult result;
    try {
      long draw = Draws.of(seed, state.position().step());
      result = objective.step(indices, embeddings, weight, draw, slope);
    } catch (InvalidDataException e) {
      throw diverged(e.getMessage(), rate, e);
    }
    double loss = result.lossIns() + weight * result.lossInv();
    if (!Double.isFinite(loss)) {
      throw diverged("the loss is " + loss, rate, null);
    }
    return result;
  }

  private InvalidDataException diverged(String what, double rate, Throwable cause) {
    Position position = state.position();
    return new DivergedException(
        Text.format(
            "training has diverged in epoch %d, batch %d at learning rate %.4g: %s",
            position.epoch(), position.batch() + 1, rate, what),
        cause);
  }

  @Override
  public void close() {
    gradient.close();
    objective.close();
  }
}
