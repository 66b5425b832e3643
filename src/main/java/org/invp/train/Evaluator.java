package org.invp.train;

import java.util.Locale;
import java.util.Optional;
import org.invp.config.EvaluationConfig;
import org.invp.config.EvaluationConfig.Features;
import org.invp.config.TrainingConfig;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.Accuracy;
import org.invp.eval.KnnEvaluation;
import org.invp.nn.Network;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The evaluations around a run: before it, after every epoch, at its end. All ranks share them.
 * Where images are held out of training they judge the epochs, and the test images are read at the
 * end only.
 */
final class Evaluator {
  private static final Logger LOG = LoggerFactory.getLogger(Evaluator.class);
  private static final long MAX_BYTES = 4L << 30;

  private final TrainingConfig config;
  private final TrainingState state;
  private final KnnEvaluation knn;
  private final KnnEvaluation judged;

  /** kNN accuracies after an epoch; null where not measured. */
  record EpochAccuracy(Double bank, Double embedding) {
    /** The one that was measured; null when none was. */
    Double measured() {
      return bank != null ? bank : embedding;
    }
  }

  /**
   * @param betweenBatches called now and then; it ends an evaluation by throwing
   */
  Evaluator(
      TrainingConfig config,
      TrainingState state,
      RunImages images,
      ProcessGroup group,
      Runnable betweenBatches) {
    this.config = config;
    this.state = state;
    this.knn =
        new KnnEvaluation(
            state.engine(),
            images.train(),
            images.test(),
            Setup.knnProtocol(config),
            group,
            betweenBatches);
    this.judged =
        images.holdOut()
            ? new KnnEvaluation(
                state.engine(),
                images.train(),
                images.judged(),
                Setup.knnProtocol(config),
                group,
                betweenBatches)
            : knn;
  }

  /** The embedding's accuracy before training, if it is asked for and the time has come. */
  Optional<Double> untrained(TrainingListener listener) {
    if (!config.evaluation().baselines() || holdsOut()) {
      return Optional.empty();
    }
    listener.phase("kNN of the untrained network");
    return Optional.of(knn.recomputed(state.network()).accuracy().top1());
  }

  /** The bank's rows become the network's embeddings of the images, of length 1. */
  void fillBank() {
    knn.fill(state.bank(), state.network());
  }

  EpochAccuracy afterEpoch(int epoch, TrainingListener listener) {
    EvaluationConfig evaluation = config.evaluation();
    if (evaluation.every() == 0 || epoch % evaluation.every() != 0) {
      return new EpochAccuracy(null, null);
    }
    listener.phase("kNN");
    if (evaluation.features() == Features.BANK) {
      return new EpochAccuracy(
          judged.againstBank(state.network(), state.bank()).accuracy().top1(), null);
    }
    return new EpochAccuracy(null, judged.recomputed(state.network()).accuracy().top1());
  }

  FinalMetrics last(TrainingListener listener) {
    listener.phase("kNN of the trained embedding and of the backbone's features");
    KnnEvaluation.NetworkResults trained = trained(knn);
    KnnEvaluation.NetworkResults heldOut = null;
    Double untrained = state.untrainedKnn();
    if (holdsOut()) {
      listener.phase("kNN of both on the held-out images");
      heldOut = trained(judged);
      untrained = untrainedAnew(listener);
    }
    Accuracy pixels = null;
    if (config.evaluation().baselines()) {
      listener.phase("kNN of the raw pixels");
      pixels = pixels();
    }
    return new FinalMetrics(
        true,
        pixels == null ? null : pixels.top1(),
        untrained,
        trained.embedding().accuracy().top1(),
        backbone(trained),
        trained.embedding().accuracy().top5(),
        trained.backbone() == null ? null : trained.backbone().accuracy().top5(),
        config.seed(),
        config.objective().mode().name().toLowerCase(Locale.ROOT),
        state.corruptImages(),
        heldOut == null ? null : heldOut.embedding().accuracy().top1(),
        heldOut == null ? null : backbone(heldOut));
  }

  private boolean holdsOut() {
    return judged != knn;
  }

  /** Of the network that the run began with, which follows from the seed. */
  private Double untrainedAnew(TrainingListener listener) {
    if (!config.evaluation().baselines()) {
      return null;
    }
    listener.phase("kNN of the untrained network");
    Network now = state.network();
    try (Network untrained = Network.create(now.options(), config.seed(), now.execution())) {
      return knn.recomputed(untrained).accuracy().top1();
    }
  }

  private KnnEvaluation.NetworkResults trained(KnnEvaluation over) {
    if (fits("the backbone's features", over.backboneBytes(state.network()))) {
      return over.bothOutputs(state.network());
    }
    return new KnnEvaluation.NetworkResults(over.recomputed(state.network()), null);
  }

  private static Double backbone(KnnEvaluation.NetworkResults results) {
    return results.backbone() == null ? null : results.backbone().accuracy().top1();
  }

  private Accuracy pixels() {
    return fits("the raw pixels", knn.pixelBytes()) ? knn.pixels().accuracy() : null;
  }

  private static boolean fits(String what, long bytes) {
    if (bytes > MAX_BYTES) {
      LOG.info(
          "kNN of {} is left out: it would need {} bytes of memory, at most {} are used",
          what,
          bytes,
          MAX_BYTES);
    }
    return bytes <= MAX_BYTES;
  }
}
