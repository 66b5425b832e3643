package org.invp.train;

import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.invp.bank.NeighbourGraph;
import org.invp.config.EvaluationConfig;
import org.invp.config.EvaluationConfig.Features;
import org.invp.config.TrainingConfig;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.KnnEvaluation;
import org.invp.eval.KnnResult;
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

  /** The network's accuracies before training, if they are asked for. */
  Optional<UntrainedKnn> untrained(TrainingListener listener) {
    if (!config.evaluation().baselines()) {
      return Optional.empty();
    }
    listener.phase("kNN of the untrained network");
    KnnEvaluation.NetworkResults outputs = outputs();
    return Optional.of(
        new UntrainedKnn(
            outputs.embedding().top1ByK(),
            outputs.backbone() == null ? new TreeMap<>() : outputs.backbone().top1ByK()));
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
    KnnEvaluation.NetworkResults trained = outputs();
    KnnResult pixels = null;
    if (config.evaluation().baselines()) {
      listener.phase("kNN of the raw pixels");
      pixels = pixels();
    }
    UntrainedKnn untrained = state.untrainedKnn();
    SortedMap<Integer, Double> before = untrained == null ? null : untrained.embedding();
    SortedMap<Integer, Double> backboneBefore =
        untrained == null || untrained.backbone().isEmpty() ? null : untrained.backbone();
    return new FinalMetrics(
        true,
        pixels == null ? null : pixels.accuracy().top1(),
        before == null ? null : before.get(config.evaluation().k()),
        trained.embedding().accuracy().top1(),
        trained.backbone() == null ? null : trained.backbone().accuracy().top1(),
        trained.embedding().accuracy().top5(),
        trained.backbone() == null ? null : trained.backbone().accuracy().top5(),
        config.seed(),
        config.objective().mode().name().toLowerCase(Locale.ROOT),
        state.corruptImages(),
        byK(pixels),
        before,
        backboneBefore,
        byK(trained.embedding()),
        byK(trained.backbone()),
        knn.sharedClasses());
  }

  private static SortedMap<Integer, Double> byK(KnnResult result) {
    return result == null ? null : result.top1ByK();
  }

  /** Of the network as it is now; without the backbone's features where they are too large. */
  private KnnEvaluation.NetworkResults outputs() {
    if (fits("the backbone's features", knn.backboneBytes(state.network()))) {
      return knn.bothOutputs(state.network());
    }
    return new KnnEvaluation.NetworkResults(knn.recomputed(state.network()), null);
  }

  private KnnResult pixels() {
    return fits("the raw pixels", knn.pixelBytes()) ? knn.pixels() : null;
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
