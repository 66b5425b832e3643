package org.invp.bench;

import org.invp.bank.BankEngine.Losses;
import org.invp.objective.ObjectiveOptions;
import org.openjdk.jmh.annotations.Benchmark;

/** Both losses and the gradient, from what search and walk found. */
public class ObjectiveBenchmark extends ShortRun {
  private static final ObjectiveOptions PUBLISHED =
      ObjectiveOptions.published(org.invp.bank.Mode.PAPER);

  /** One batch. */
  @Benchmark
  public Losses lossesAndGradient(StepInputs inputs) {
    return inputs.engine.objective(
        inputs.bank.embeddings(),
        inputs.step,
        PUBLISHED.mode(),
        PUBLISHED.exclusive(),
        PUBLISHED.temperature(),
        PUBLISHED.lambda(),
        inputs.gradient);
  }
}
