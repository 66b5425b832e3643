package org.invp.config;

import java.util.List;
import org.invp.internal.Text;

/**
 * Stochastic gradient descent and its learning rate. The defaults are the published ImageNet
 * settings (main.py with --cos).
 *
 * @param learningRate the rate that the schedule multiplies
 * @param momentum SGD's momentum
 * @param nesterov whether to use Nesterov's form of it
 * @param weightDecay L2 penalty on all parameters
 * @param schedule how the rate falls
 * @param per when a cosine moves: once per epoch, as published, or at every step
 * @param warmupSteps the rate rises linearly over that many steps; 0 for none
 * @param warmupEpochs the rate rises linearly over that many epochs and the schedule starts
 *     afterwards; 0 for none; not together with {@code warmupSteps}
 * @param scheduleEpochs the epochs over which a cosine falls to 0; 0 for {@code training.epochs}
 * @param milestones epochs from which on a {@code step} schedule multiplies by {@code decay}
 * @param decay the factor at a milestone
 */
public record OptimizerConfig(
    double learningRate,
    double momentum,
    boolean nesterov,
    double weightDecay,
    Schedule schedule,
    Per per,
    int warmupSteps,
    int warmupEpochs,
    int scheduleEpochs,
    List<Integer> milestones,
    double decay) {

  /** How the rate falls. */
  public enum Schedule {
    /** Half a cosine from 1 to 0. */
    COSINE,
    /** By a factor at each milestone. */
    STEP,
    /** Not at all. */
    CONSTANT
  }

  /** When a cosine moves. */
  public enum Per {
    /** Once per epoch, constant within it. */
    EPOCH,
    /** At every step. */
    STEP
  }

  /** Checks what belongs together. */
  public OptimizerConfig {
    milestones = List.copyOf(milestones);
    if (warmupSteps > 0 && warmupEpochs > 0) {
      throw new IllegalArgumentException(
          Text.format(
              "optimizer.warmup_steps is %d, allowed: 0 when optimizer.warmup_epochs (%d) is set",
              warmupSteps, warmupEpochs));
    }
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException(
          "optimizer.nesterov is true, allowed: false when optimizer.momentum is 0");
    }
  }

  static OptimizerConfig read(Section section) {
    return section.build(
        s ->
            new OptimizerConfig(
                s.number("learning_rate", 0.03, Range.NOT_NEGATIVE),
                s.number("momentum", 0.9, Range.BELOW_ONE),
                s.flag("nesterov", false),
                s.number("weight_decay", 1e-4, Range.NOT_NEGATIVE),
                s.choice("schedule", Schedule.COSINE, Schedule.class),
                s.choice("per", Per.EPOCH, Per.class),
                s.integer("warmup_steps", 0, Range.atLeast(0)),
                s.integer("warmup_epochs", 0, Range.atLeast(0)),
                s.integer("schedule_epochs", 0, Range.atLeast(0)),
                s.ascending("milestones", List.of(400, 600, 700)),
                s.number("decay", 0.1, Range.SHARE_NOT_ZERO)));
  }
}
