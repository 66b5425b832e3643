package org.invp.train;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.data.DatasetIdentity;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.internal.Text;
import org.invp.io.Fingerprint;
import org.invp.nn.TorchRuntime;

/**
 * What makes the work of several ranks one run: the version of this library and of LibTorch, the
 * images, and the settings but for those that say where data lies and how fast things are done. Of
 * a device only the kind counts, since each rank may have a GPU of its own number.
 */
public final class SameRun {
  /** What the line about a difference begins with. */
  public static final String PREFIX = RankComparison.PREFIX;

  private static final Set<String> FREE = Set.of("data.path", "data.workers", "training.threads");
  private static final String DEVICE = "training.device";

  private SameRun() {}

  /**
   * Ends the run on all ranks if they are not the same; a collective, to be called before anything
   * is written. Alone it does nothing.
   *
   * @throws ConfigException on every rank the same line, which names the first rank that has
   *     something else than rank 0, and the first thing that differs
   */
  public static void require(ProcessGroup group, TrainingConfig config, RunImages images) {
    if (group.size() == 1) {
      return;
    }
    RankComparison.difference(group, facts(config, images))
        .ifPresent(
            line -> {
              throw new ConfigException(
                  line
                      + "; allowed: the same on all ranks, except "
                      + String.join(", ", FREE.stream().sorted().toList()));
            });
  }

  private static Map<String, String> facts(TrainingConfig config, RunImages images) {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put(
        "the version of invp",
        Objects.requireNonNullElse(
            SameRun.class.getPackage().getImplementationVersion(), "a development build"));
    facts.put("the version of LibTorch", TorchRuntime.info().version());
    Map<String, String> settings = new TreeMap<>(ConfigFile.flatten(config));
    settings.keySet().removeAll(FREE);
    settings.computeIfPresent(DEVICE, (key, device) -> device.replaceFirst(":\\d+$", ""));
    facts.putAll(settings);
    List<Path> folders = config.data().folders();
    facts.put("the training set", identity(images.train(), folders));
    if (images.holdOut()) {
      facts.put("the held-out images", identity(images.heldOut(), folders));
    }
    facts.put("the test set", identity(images.test(), folders));
    return facts;
  }

  private static String identity(ImageDataset images, List<Path> folders) {
    Fingerprint fingerprint = new Fingerprint();
    DatasetIdentity.addCopyTo(fingerprint, images, folders);
    return Text.format(
        "%d images with digest %s", images.size(), fingerprint.hex().substring(0, 16));
  }
}
