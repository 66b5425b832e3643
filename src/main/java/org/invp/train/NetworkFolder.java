package org.invp.train;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.io.AtomicFile;
import org.invp.io.NamedTensor;
import org.invp.nn.Classifier;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.train.RunFolder.Existing;

/**
 * A run folder for a network without a memory bank, such as one that was trained on labels: {@code
 * config.yaml}, {@code metrics.jsonl}, {@code weights.safetensors}, and no checkpoint.
 */
public final class NetworkFolder implements AutoCloseable {
  private static final String HEAD = "fc.";

  private final RunFolder folder;
  private final MetricsFile metrics;

  private NetworkFolder(RunFolder folder) {
    this.folder = folder;
    this.metrics = new MetricsFile(folder.metrics());
  }

  /**
   * Opens a folder and writes the settings.
   *
   * @throws org.invp.InvpException when it holds a run, unless that is to be deleted
   */
  public static NetworkFolder create(Path path, boolean overwrite, TrainingConfig config) {
    RunFolder folder = RunFolder.open(path, overwrite ? Existing.OVERWRITE : Existing.REFUSE);
    try {
      AtomicFile.writeString(folder.config(), ConfigFile.write(config));
      return new NetworkFolder(folder);
    } catch (RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** Appends a line to the metrics. */
  public void append(Record line) {
    metrics.append(line);
  }

  /**
   * Writes a backbone with a classifier on it: torchvision's layout of a supervised network, whose
   * head {@code fc} is the classifier and whose embeddings are logits.
   *
   * @param classifier without normalisation
   */
  public void save(Network backbone, Classifier classifier) {
    try (Arena arena = Arena.ofConfined();
        Network whole = Network.create(withHead(backbone.options(), classifier), 0)) {
      List<NamedTensor> state = new ArrayList<>(backbone.state(arena));
      state.removeIf(tensor -> tensor.name().startsWith(HEAD));
      for (NamedTensor tensor : classifier.state(arena)) {
        state.add(tensor.renamed(HEAD + tensor.name()));
      }
      whole.load(state);
      whole.save(folder.weights());
    }
  }

  private static NetworkOptions withHead(NetworkOptions options, Classifier classifier) {
    return new NetworkOptions(
        options.architecture(),
        options.stem(),
        options.channels(),
        options.width(),
        classifier.options().classes(),
        NetworkOptions.Head.LINEAR,
        options.headHidden(),
        false,
        options.initialisation());
  }

  @Override
  public void close() {
    folder.close();
  }
}
