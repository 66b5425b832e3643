package org.invp.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a run measured while it trained that can say why it ended low; null where it was not
 * measured. All but {@code lossFall} are of the last epoch.
 *
 * @param embeddingCosine mean cosine over all pairs of a batch, in [-1, 1]
 * @param headBatchNorm whether the network's head has batch norm
 * @param lossFall the share of itself by which the instance loss fell over the last quarter of the
 *     epochs; negative if it rose
 * @param staleness mean cosine of an image's row of the memory bank and its present embedding, in
 *     [-1, 1]
 * @param positivesRight share of the selected positives that have their anchor's class, in [0, 1]
 * @param invarianceWeight lambda w(epoch); with 0 the positives decide nothing
 */
public record TrainingSigns(
    Double embeddingCosine,
    boolean headBatchNorm,
    Double lossFall,
    Double staleness,
    Double positivesRight,
    double invarianceWeight) {
  /** A loss that fell by less has settled. */
  private static final double SETTLED = 0.01;

  /** Likely causes of a low accuracy, the gravest first, each with the setting to try. */
  List<String> causes() {
    List<String> causes = new ArrayList<>();
    if (embeddingCosine != null && embeddingCosine > Trainer.COLLAPSED) {
      causes.add(
          text(
              "the embeddings have collapsed (mean cosine %.3f of two images); try %sa higher"
                  + " objective.temperature",
              embeddingCosine, headBatchNorm ? "" : "network.head_batch_norm: true or "));
    }
    if (staleness != null && staleness < WalkWarning.FRESH) {
      causes.add(
          text(
              "the memory bank is stale (mean cosine %.2f of a row and its image's present"
                  + " embedding); try training.bank_refresh: epoch with training.graph: epoch",
              staleness));
    }
    if (positivesRight != null && positivesRight < WalkWarning.RIGHT && invarianceWeight > 0) {
      causes.add(
          text(
              "most positives are wrong (%.0f %% have their anchor's class); try a larger"
                  + " objective.ramp_epochs or a lower objective.lambda",
              100 * positivesRight));
    }
    if (lossFall != null && lossFall > SETTLED) {
      causes.add(
          text(
              "the loss was still falling (by %.1f %% over the last quarter of the epochs); try more"
                  + " training.epochs",
              100 * lossFall));
    }
    return causes;
  }

  private static String text(String words, Object... values) {
    return String.format(Locale.ROOT, words, values);
  }
}
