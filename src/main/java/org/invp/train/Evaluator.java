package org.invp.train;

import java.util.Locale;
import java.util.Optional;
import org.invp.bank.NeighbourGraph;
import org.invp.config.EvaluationConfig;
import org.invp.config.EvaluationConfig.Features;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.Accuracy;
import org.invp.eval.KnnEvaluation;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The evaluations around a run: before it, after every epoch, at its end. All ranks share them. */
final class Evaluator {
  private static final Logger LOG = LoggerFactory.getLogger(Evaluator.class);
  private static final long MAX_BYTES = 4L << 30;

  private final TrainingConfig config;
  private final TrainingState state;
  private final KnnEvaluation knn;

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
      ImageDataset train,
      ImageDataset test,
      ProcessGroup group,
      Runnable betweenBatches) {
    this.config = config;
    this.state = state;
    this.knn =
        new KnnEvaluation(
            state.engine(), train, test, Setup.knnProtocol(config), group, betweenBatches);
  }

  /** The embedding's accuracy before training, if it is asked for. */
  Optional<Double> untrained(TrainingListener listener) {
    if (!config.evaluation().baselines()) {
      return Optional.empty();
    }
    listener.phase("kNN of the untrained network");
    return Optional.of(knn.recomputed(state.network()).accuracy().top1());
  }

  /** The bank's rows become the network's embeddings of the training images, of length 1. */
  void fillBank(NeighbourGraph.Progress progress) {
    knn.fill(state.bank(), state.network(), progress);
  }

  EpochAccuracy afterEpoch(int epoch, TrainingListener listener) {
    EvaluationConfig evaluation = config.evaluation();
    if (evaluation.every() == 0 || epoch % evaluation.every() != 0) {
      return new EpochAccuracy(null, null);
    }
    listener.phase("kNN");
    if (evaluation.features() == Features.BANK) {
      return new EpochAccuracy(
          knn.againstBank(state.network(), state.bank()).accuracy().top1(), null);
    }
    return new EpochAccuracy(null, knn.recomputed(state.network()).accuracy().top1());
  }

  FinalMetrics last(TrainingListener listener) {
    listener.phase("kNN of the trained embedding and of the backbone's features");
    KnnEvaluation.NetworkResults trained = trained();
    Accuracy pixels = null;
    if (config.evaluation().baselines()) {
      listener.phase("kNN of the raw pixels");
      pixels = pixels();
    }
    return new FinalMetrics(
        true,
        pixels == null ? null : pixels.top1(),
        state.untrainedKnn(),
        trained.embedding().accuracy().top1(),
        trained.backbone() == null ? null : trained.backbone().accuracy().top1(),
        trained.embedding().accuracy().top5(),
        trained.backbone() == null ? null : trained.backbone().accuracy().top5(),
        config.seed(),
        config.objective().mode().name().toLowerCase(Locale.ROOT),
        state.corruptImages());
  }

  private KnnEvaluation.NetworkResults trained() {
    if (fits("the backbone's features", knn.backboneBytes(state.network()))) {
      return knn.bothOutputs(state.network());
    }
    return new KnnEvaluation.NetworkResults(knn.recomputed(state.network()), null);
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
