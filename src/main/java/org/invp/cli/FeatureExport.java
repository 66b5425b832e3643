package org.invp.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.invp.config.TrainingConfig;
import org.invp.data.DataFormat;
import org.invp.data.ImageDataset;
import org.invp.data.Split;
import org.invp.eval.FeatureExtractor;
import org.invp.eval.ReadImages;
import org.invp.eval.UnitRows;
import org.invp.nn.Network;
import org.invp.tensor.FloatTensor;
import org.invp.train.Setup;
import org.invp.weights.FeatureFolder;

/** Computes what a run's network makes of a data set and writes it as a {@link FeatureFolder}. */
final class FeatureExport {
  private final TrainedRun trained;
  private final TrainingConfig config;
  private final Path data;
  private final DataFormat format;
  private final Split split;

  /**
   * @param data null for the run's own data set
   * @param format null for the run's
   */
  FeatureExport(TrainedRun trained, Path data, DataFormat format, Split split) {
    this.trained = trained;
    this.config = trained.config();
    this.data = data;
    this.format = format;
    this.split = split;
  }

  /**
   * Computes and writes. Images that could not be read have rows of zeros, and {@code
   * features.json} lists them as {@code unreadable}.
   *
   * @param err hears how many those are
   */
  void write(Path folder, PrintWriter err) {
    Network network = trained.network();
    List<Path> sources = data != null ? List.of(data) : config.data().folders();
    try (ImageDataset images = ImageSource.open(sources, format, split, config);
        FloatTensor features = FloatTensor.allocate(images.size(), network.featureDimension());
        FloatTensor embeddings =
            FloatTensor.allocate(images.size(), network.embeddingDimension())) {
      ImageSource.doubt(images, config).ifPresent(doubt -> Errors.warn(err, doubt));
      ReadImages read =
          new FeatureExtractor(
                  network,
                  Setup.evaluationView(config),
                  config.evaluation().batchSize(),
                  config.data().resolvedWorkers())
              .extract(images, features, embeddings, () -> {});
      read.requireAny(images);
      read.blankOthers(features);
      read.blankOthers(embeddings);
      UnitRows.scale(embeddings);
      FeatureFolder.write(
          folder,
          new FeatureFolder.Content(
              features,
              embeddings,
              images.labels(),
              IntStream.range(0, images.size()).mapToObj(images::describe).toList(),
              images.classNames(),
              about(sources, read)));
      UnreadableRows.warn(err, read, images);
    }
  }

  private Map<String, Object> about(List<Path> sources, ReadImages read) {
    Map<String, Object> view = new LinkedHashMap<>();
    view.put("resize", config.evaluation().resize());
    view.put("crop", config.evaluation().crop());
    view.put("mean", config.augmentation().mean());
    view.put("std", config.augmentation().std());
    Map<String, Object> about = new LinkedHashMap<>();
    about.put("data", sources.stream().map(Path::toString).collect(Collectors.joining(", ")));
    about.put("split", split.name().toLowerCase(Locale.ROOT));
    about.put("view", view);
    about.put("network", trained.network().options().toMetadata());
    if (!read.all()) {
      about.put("unreadable", read.others());
    }
    return about;
  }
}
