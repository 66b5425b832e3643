package org.invp.train;

import java.util.Optional;
import java.util.stream.IntStream;
import org.invp.config.OptimizerConfig;
import org.invp.config.OptimizerConfig.Per;
import org.invp.internal.Text;

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
  /** Of the full rate: what rounding leaves of the cosine's 0. */
  private static final double NEGLIGIBLE = 1e-12;

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

  /**
   * What about a run of so many epochs is hardly meant, in a sentence: whole epochs at rate 0,
   * which change no weight, or a warm-up that is not over before the run is.
   */
  public Optional<String> oddity(int runEpochs) {
    long idle = IntStream.rangeClosed(1, runEpochs).filter(this::isIdle).count();
    if (idle > 0) {
      return Optional.of(
          Text.format(
              "the learning rate is 0 in %d of %d epochs, which changes no weight; optimizer.per:"
                  + " step or a larger optimizer.schedule_epochs avoids that",
              idle, runEpochs));
    }
    long steps = (long) runEpochs * stepsPerEpoch;
    if (Math.max(options.warmupSteps(), (long) options.warmupEpochs() * stepsPerEpoch) >= steps) {
      return Optional.of(
          Text.format(
              "the learning rate still warms up when the run's %d steps are over: optimizer.warmup_steps"
                  + " is %d and optimizer.warmup_epochs %d",
              steps, options.warmupSteps(), options.warmupEpochs()));
    }
    return Optional.empty();
  }

  /** Rates fall or rise within an epoch, so that the largest is its first or its last. */
  private boolean isIdle(int epoch) {
    long first = (epoch - 1L) * stepsPerEpoch;
    return Math.max(rate(epoch, first), rate(epoch, first + stepsPerEpoch - 1))
        <= NEGLIGIBLE * options.learningRate();
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
