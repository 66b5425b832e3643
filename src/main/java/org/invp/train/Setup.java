package org.invp.train;

import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.config.AugmentationConfig;
import org.invp.config.ConfigException;
import org.invp.config.DataConfig;
import org.invp.config.EvaluationConfig;
import org.invp.config.NetworkConfig;
import org.invp.config.TrainingConfig;
import org.invp.data.Augmentation;
import org.invp.data.BatchPart;
import org.invp.data.Blur;
import org.invp.data.Crop;
import org.invp.data.DataLoader;
import org.invp.data.DataOptions;
import org.invp.data.Datasets;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.data.Jitter;
import org.invp.data.NoTestSetException;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import org.invp.data.TrainingDivision;
import org.invp.distributed.ProcessGroup;
import org.invp.eval.KnnEvaluation;
import org.invp.internal.Text;
import org.invp.nn.Execution;
import org.invp.nn.NetworkOptions;
import org.invp.nn.TorchRuntime;
import org.invp.tensor.Memory;

/** Turns settings into what the other rooms understand. */
public final class Setup {
  private Setup() {}

  /** The network that the settings describe, for images of that many channels. */
  public static NetworkOptions networkOptions(TrainingConfig config, int channels) {
    NetworkConfig network = config.network();
    return new NetworkOptions(
        network.architecture(),
        network.stem(),
        channels,
        network.width(),
        network.dimension(),
        network.head(),
        network.headHidden(),
        network.headBatchNorm(),
        network.initialisation());
  }

  /** Which of the training images the network learns from, and which are held out of training. */
  public static TrainingDivision division(TrainingConfig config) {
    return new TrainingDivision(
        config.data().limit(), config.data().draw(), config.evaluation().heldOut(), config.seed());
  }

  /**
   * The training images that the network learns from: those that {@code data.limit} leaves, without
   * those that are held out.
   *
   * @throws org.invp.InvalidDataException when a file is missing or corrupt, naming it
   * @throws ConfigException when there are fewer images than the settings ask for
   */
  public static ImageDataset trainingImages(TrainingConfig config) {
    return partOf(open(config, Split.TRAIN), division(config)::training);
  }

  /**
   * A part of a data set, which takes its place: the data set is closed if there is no such part.
   */
  static ImageDataset partOf(ImageDataset whole, UnaryOperator<ImageDataset> part) {
    try {
      return part.apply(whole);
    } catch (IllegalArgumentException e) {
      whole.close();
      throw new ConfigException(e.getMessage(), e);
    }
  }

  /**
   * The images of the test set.
   *
   * @throws org.invp.data.NoTestSetException where there is none
   */
  public static ImageDataset testImages(TrainingConfig config) {
    return open(config, Split.TEST);
  }

  /**
   * The training images for an evaluation that needs labels; some may have none.
   *
   * @throws org.invp.InvalidDataException as {@link #trainingImages}, and if none has a label
   */
  public static ImageDataset labelledTrainingImages(TrainingConfig config) {
    return withLabels(trainingImages(config), "training", config);
  }

  /**
   * The test images for an evaluation that needs labels; some may have none.
   *
   * @throws org.invp.InvalidDataException as {@link #testImages}, and if none has a label
   */
  public static ImageDataset labelledTestImages(TrainingConfig config) {
    return withLabels(testImages(config), "test", config);
  }

  private static ImageDataset withLabels(ImageDataset images, String which, TrainingConfig config) {
    if (!images.hasLabels()) {
      images.close();
      throw new InvalidDataException(
          Text.format(
              "this evaluation needs labels, and the %s images in %s have none",
              which, String.join(", ", config.data().paths())));
    }
    return images;
  }

  /** The images of the test set, if there is one. */
  public static Optional<ImageDataset> testImagesIfAny(TrainingConfig config) {
    try {
      return Optional.of(testImages(config));
    } catch (NoTestSetException e) {
      return Optional.empty();
    }
  }

  /** How an image is prepared for evaluation. */
  public static EvaluationTransform evaluationView(TrainingConfig config) {
    return view(config, normalisation(config));
  }

  /** The published kNN protocol with the run's settings. */
  public static KnnEvaluation.Protocol knnProtocol(TrainingConfig config) {
    EvaluationConfig evaluation = config.evaluation();
    int channels = config.augmentation().mean().size();
    return new KnnEvaluation.Protocol(
        evaluation.k(),
        evaluation.alsoK(),
        evaluation.sigma(),
        evaluationView(config),
        1,
        view(config, Normalisation.none(channels)),
        evaluation.batchSize(),
        config.data().resolvedWorkers());
  }

  /** Of this rank's part of every batch; {@code training.batch_size} is that of all ranks. */
  static DataLoader trainingLoader(TrainingConfig config, ImageDataset train, ProcessGroup group) {
    return new DataLoader(
        train,
        augmentation(config),
        config.training().batchSize(),
        config.data().resolvedWorkers(),
        config.seed(),
        config.training().keepLastBatch(),
        new BatchPart(group.rank(), group.size()));
  }

  /**
   * Where the network computes: beside the bank, in the run's precision.
   *
   * @param engine the bank's
   * @throws ConfigException if the device cannot do the precision
   */
  public static Execution execution(TrainingConfig config, BankEngine engine) {
    try {
      return new Execution(engine.memory(), config.network().precision());
    } catch (IllegalArgumentException e) {
      throw new ConfigException(e.getMessage(), e);
    }
  }

  /** Where a rank works: of the ranks of a host the first has the device that the settings name. */
  static Device device(TrainingConfig config, ProcessGroup group) {
    return Device.parse(config.training().device()).choose().device().next(group.localRank());
  }

  /** Loads LibTorch for a device, sets its threads and notes what decides the last bits. */
  static Environment environment(BankEngine engine, int threads) {
    TorchRuntime.load(engine.memory());
    TorchRuntime.setThreads(threads);
    TorchRuntime.Info torch = TorchRuntime.info();
    return new Environment(
        Map.of(
            "libtorch", torch.version(),
            "cpu_capability", torch.cpuCapability(),
            "network_library", torch.build(),
            "device",
                engine.memory().access() instanceof Memory.Access.Cuda
                    ? engine.memory().name()
                    : "cpu",
            "threads", Integer.toString(threads)));
  }

  static ImageDataset open(TrainingConfig config, Split split) {
    DataConfig data = config.data();
    return Datasets.open(
        new DataOptions(data.format(), data.folders(), data.formatOptions()), split);
  }

  private static Augmentation augmentation(TrainingConfig config) {
    AugmentationConfig views = config.augmentation();
    return new Augmentation(
        views.size(),
        views.size(),
        new Crop(
            views.cropScale().low(),
            views.cropScale().high(),
            views.cropRatio().low(),
            views.cropRatio().high()),
        new Jitter(
            views.jitterProbability(),
            views.brightness(),
            views.contrast(),
            views.saturation(),
            views.hue()),
        views.gray(),
        new Blur(views.blurProbability(), views.blurSigma().low(), views.blurSigma().high()),
        views.flip(),
        normalisation(config),
        config.data().decoding(config.data().decode()));
  }

  private static EvaluationTransform view(TrainingConfig config, Normalisation normalisation) {
    EvaluationConfig evaluation = config.evaluation();
    return new EvaluationTransform(
        evaluation.resize(),
        evaluation.crop(),
        evaluation.crop(),
        normalisation,
        config.data().decoding(evaluation.decode()));
  }

  private static Normalisation normalisation(TrainingConfig config) {
    return new Normalisation(config.augmentation().mean(), config.augmentation().std());
  }
}
