package org.invp.bench;

import org.invp.bank.Selection;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.ObjectiveOptions.BankStart;
import org.invp.objective.ObjectiveOptions.Ramp;
import org.invp.objective.StepResult;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A whole step of the objective: all stages, and the updates of graph and bank. */
@State(Scope.Benchmark)
public class StepBenchmark extends ShortRun {
  private static final double LAMBDA = 0.6;

  /** The definitions to follow. */
  @Param({"PAPER", "OFFICIAL"})
  public org.invp.bank.Mode mode;

  private InvariancePropagation objective;

  /** Builds the objective over the bank. */
  @Setup
  public void prepare(StepInputs inputs) {
    objective =
        new InvariancePropagation(
            inputs.bank,
            inputs.graph,
            new ObjectiveOptions(
                mode,
                0.2,
                inputs.top,
                50,
                StepInputs.NEIGHBOURS,
                StepInputs.STEPS,
                true,
                Selection.HARD,
                LAMBDA,
                Ramp.CONSTANT,
                0,
                BankStart.RANDOM,
                0.5));
  }

  /** One batch. */
  @Benchmark
  public StepResult step(StepInputs inputs) {
    return objective.step(inputs.step.anchors(), inputs.embeddings, LAMBDA, 0, inputs.gradient);
  }

  /** Releases the objective's buffers. */
  @TearDown
  public void close() {
    objective.close();
  }
}
