package org.invp.eval;

import java.util.List;
import org.invp.internal.Text;

/**
 * A learning rate that is multiplied at milestones, as PyTorch's {@code MultiStepLR}, moved once
 * per epoch.
 *
 * @param rate of the first epochs, at least 0
 * @param milestones after that many epochs, ascending, the rate is multiplied
 * @param decay by this, above 0 and at most 1
 */
public record StepDecay(double rate, List<Integer> milestones, double decay) {
  /** Checks the ranges. */
  public StepDecay {
    milestones = List.copyOf(milestones);
    if (!(rate >= 0) || Double.isInfinite(rate)) {
      throw new IllegalArgumentException(
          Text.format("a learning rate of %s, allowed: finite and at least 0", rate));
    }
    if (!(decay > 0 && decay <= 1)) {
      throw new IllegalArgumentException(
          Text.format("a decay of %s, allowed: above 0, at most 1", decay));
    }
  }

  /**
   * The rate of an epoch.
   *
   * @param epoch counted from 1
   */
  public double rate(int epoch) {
    long passed = milestones.stream().filter(milestone -> epoch > milestone).count();
    return rate * Math.pow(decay, passed);
  }

  /**
   * The same shape over another number of epochs: milestones move in proportion, rounded.
   *
   * @param epochs wanted
   * @param published the number that the milestones belong to
   */
  public StepDecay scaled(int epochs, int published) {
    return new StepDecay(
        rate,
        milestones.stream()
            .map(milestone -> Math.toIntExact(Math.round((double) milestone * epochs / published)))
            .toList(),
        decay);
  }
}
