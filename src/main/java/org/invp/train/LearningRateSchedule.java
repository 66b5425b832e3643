package org.invp.train;

import org.invp.config.OptimizerConfig;
import org.invp.config.OptimizerConfig.Per;

/**
 * The learning rate of every step.
 *
 * <p>{@code cosine} per epoch is the published one (utils.py, adjust_learning_rate): lr * 0.5 * (1
 * + cos(pi * epoch / E)), epochs counted from 1, constant within an epoch. Per step it runs from
 * the first step, at the full rate, to E epochs later. {@code step} multiplies by the decay at
 * every milestone that the epoch has reached. With W warm-up epochs the rate rises to its full
 * value over them, and the cosine takes the epochs that remain; warm-up steps multiply whatever the
 * schedule says by (step + 1) / count until they are over.
 */
public final class LearningRateSchedule {
  private final OptimizerConfig options;
  private final int epochs;
  private final int stepsPerEpoch;

  /**
   * @param epochs E where {@code schedule_epochs} is 0
   * @param stepsPerEpoch batches in an epoch, at least 1
   */
  public LearningRateSchedule(OptimizerConfig options, int epochs, int stepsPerEpoch) {
    this.options = options;
    this.epochs = options.scheduleEpochs() > 0 ? options.scheduleEpochs() : epochs;
    this.stepsPerEpoch = stepsPerEpoch;
  }

  /**
   * The rate of one step.
   *
   * @param epoch counted from 1
   * @param step counted from 0 over the whole run
   */
  public double rate(int epoch, long step) {
    double rate = options.learningRate() * factor(epoch, step);
    if (step < options.warmupSteps()) {
      rate *= (step + 1.0) / options.warmupSteps();
    }
    return rate;
  }

  private double factor(int epoch, long step) {
    boolean perStep = options.per() == Per.STEP;
    double unit = perStep ? stepsPerEpoch : 1;
    double position = perStep ? step : epoch;
    double warmup = options.warmupEpochs() * unit;
    double reached = perStep ? position + 1 : position;
    if (warmup > 0 && reached <= warmup) {
      return reached / warmup;
    }
    return switch (options.schedule()) {
      case COSINE -> {
        double share = Math.min(1, (position - warmup) / Math.max(1, epochs * unit - warmup));
        yield 0.5 * (1 + Math.cos(Math.PI * share));
      }
      case STEP -> Math.pow(options.decay(), milestonesUpTo(epoch));
      case CONSTANT -> 1;
    };
  }

  private int milestonesUpTo(int epoch) {
    return (int) options.milestones().stream().filter(milestone -> epoch >= milestone).count();
  }
}
