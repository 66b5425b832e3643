package org.invp.objective;

import java.util.Locale;
import org.invp.bank.Mode;
import org.invp.bank.Selection;

/**
 * The settings of Invariance Propagation's loss (Wang et al., NeurIPS 2020, section 3; the
 * published program's names in parentheses).
 *
 * @param mode the definitions to follow
 * @param temperature tau (--t), greater than 0
 * @param negatives M (--n_background): how many of the bank's most similar rows form N_M, at least
 *     {@code neighbours + 1}
 * @param positives P (--n_pos): how many of the discovered positives are used, at least 1
 * @param neighbours k (--K_nearst): neighbours per image in the graph, at least 1
 * @param steps hops of the walk (--diffusion_layer), at least 1
 * @param exclusive whether the anchor is left out of the negatives of L_inv (--exclusive)
 * @param selection which of the discovered positives are used; hard as published, easy is the
 *     program's --not_hardpos
 * @param lambda weight of L_inv (--lam_inv), at least 0
 * @param ramp how the weight of L_inv grows over the epochs (--ramp_up)
 * @param rampEpochs T, the epoch at which the ramp ends, at least 0
 * @param bankStart what the bank holds before the first step
 * @param bankMomentum m (--m): a row becomes normalise(m row + (1 - m) v), in [0, 1]
 */
public record ObjectiveOptions(
    Mode mode,
    double temperature,
    int negatives,
    int positives,
    int neighbours,
    int steps,
    boolean exclusive,
    Selection selection,
    double lambda,
    Ramp ramp,
    int rampEpochs,
    BankStart bankStart,
    double bankMomentum) {

  /** How w(epoch), the growing part of L_inv's weight, goes from 0 to 1; epochs count from 1. */
  public enum Ramp {
    /** 0 up to and including epoch T, then 1. */
    BINARY,
    /** exp(-5 max(0, 1 - epoch / T)^2). */
    GAUSSIAN,
    /** Always 1 (called {@code zero} in the published program). */
    CONSTANT
  }

  /** What the memory bank holds before the first step. */
  public enum BankStart {
    /** Uniform in +-1/sqrt(dimension / 3), not normalised, as published. */
    RANDOM,
    /** The embeddings that the fresh network gives. */
    FEATURES
  }

  /** Checks every range; the message names the setting, its value and what is allowed. */
  public ObjectiveOptions {
    check(
        temperature > 0 && Double.isFinite(temperature),
        "temperature",
        temperature,
        "greater than 0");
    check(neighbours >= 1, "neighbours", neighbours, "at least 1");
    check(
        negatives >= neighbours + 1,
        "negatives",
        negatives,
        "at least neighbours + 1 = " + (neighbours + 1));
    check(positives >= 1, "positives", positives, "at least 1");
    check(steps >= 1, "steps", steps, "at least 1");
    check(lambda >= 0 && Double.isFinite(lambda), "lambda", lambda, "at least 0");
    check(rampEpochs >= 0, "ramp_epochs", rampEpochs, "at least 0");
    check(bankMomentum >= 0 && bankMomentum <= 1, "bank_momentum", bankMomentum, "between 0 and 1");
  }

  /**
   * The published ImageNet settings: tau 0.2, M 4096, P 50, k 4, 3 steps, lambda 0.6 after epoch
   * 30, random bank, momentum 0.5.
   */
  public static ObjectiveOptions published(Mode mode) {
    return new ObjectiveOptions(
        mode,
        0.2,
        4096,
        50,
        4,
        3,
        true,
        Selection.HARD,
        0.6,
        Ramp.BINARY,
        30,
        BankStart.RANDOM,
        0.5);
  }

  /** The same with another M. */
  public ObjectiveOptions withNegatives(int others) {
    return new ObjectiveOptions(
        mode,
        temperature,
        others,
        positives,
        neighbours,
        steps,
        exclusive,
        selection,
        lambda,
        ramp,
        rampEpochs,
        bankStart,
        bankMomentum);
  }

  /**
   * lambda w(epoch), the weight of L_inv.
   *
   * @param epoch counted from 1
   */
  public double weight(int epoch) {
    return lambda * rampUp(epoch);
  }

  /**
   * Whether L_inv, whose weight never falls, counts from this epoch on.
   *
   * @param epoch counted from 1
   */
  public boolean startsIn(int epoch) {
    return weight(epoch) > 0 && (epoch == 1 || weight(epoch - 1) == 0);
  }

  private double rampUp(int epoch) {
    switch (ramp) {
      case BINARY:
        return epoch <= rampEpochs ? 0 : 1;
      case GAUSSIAN:
        double missing = rampEpochs == 0 ? 0 : Math.max(0, 1 - (double) epoch / rampEpochs);
        return Math.exp(-5 * missing * missing);
      default:
        return 1;
    }
  }

  private static void check(boolean valid, String key, Number value, String allowed) {
    if (!valid) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "objective.%s is %s, allowed: %s", key, value, allowed));
    }
  }
}
