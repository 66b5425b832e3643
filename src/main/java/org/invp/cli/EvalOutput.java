package org.invp.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.invp.InvpException;
import org.invp.data.ImageDataset;
import org.invp.eval.EvalResult;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.io.IoErrors;
import org.invp.report.KeptResult;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Where an evaluation's result goes: to the console, as a table or with {@code --json} as one JSON
 * object, and always whole to {@code RUN/eval/PROTOCOL.json}. A command has one as a mixin; the
 * seconds that are written count from its making, which is when the command starts.
 */
final class EvalOutput {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  private static final String LOG = "log.txt";

  private final long began = System.nanoTime();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  /** The folder of a run's results. */
  static Path folder(Path run) {
    Path folder = Files.isDirectory(run) ? run : run.toAbsolutePath().getParent();
    return folder.resolve("eval");
  }

  /**
   * Prints a result, then keeps it. A kept result of another network stays, under a name of its
   * own; what is no result stays under its name, and the result gets another. How many images it is
   * of stands among its settings, and how many could not be read.
   *
   * @param run a run folder or a checkpoint, as the user named it
   * @param images the data sets that were looked at, by what the settings call them; still open
   */
  void write(Path run, TrainedRun trained, EvalResult bare, Map<String, ImageDataset> images) {
    EvalResult result = bare.withSettings(counts(images));
    images.forEach((name, looked) -> warnOfUnreadable(run, name, looked));
    PrintWriter out = command.commandLine().getOut();
    if (!json) {
      out.print(EvalTable.of(result));
      out.flush(); // What was computed for hours is seen, whatever fails from here on.
    }
    String line = json(run, trained, result, (System.nanoTime() - began) * 1e-9);
    if (json) {
      out.println(line);
      out.flush();
    }
    Path folder = folder(run);
    create(folder);
    Path file = KeptResult.place(folder, result.protocol(), result.protocol());
    Path usual = folder.resolve(result.protocol() + ".json");
    if (!file.equals(usual)) {
      Errors.warn(
          command.commandLine().getErr(),
          Text.format("%s is no result of invp eval and stays; this one is in %s", usual, file));
    }
    setAside(file, trained);
    AtomicFile.writeString(file, line + "\n");
  }

  /** The data sets of an evaluation that learns from one and judges by another. */
  static Map<String, ImageDataset> images(ImageDataset train, ImageDataset test) {
    return images("training_images", train, "test_images", test);
  }

  /** Two data sets by their names. */
  static Map<String, ImageDataset> images(
      String name, ImageDataset images, String otherName, ImageDataset others) {
    Map<String, ImageDataset> all = new LinkedHashMap<>();
    all.put(name, images);
    all.put(otherName, others);
    return all;
  }

  private static Map<String, Object> counts(Map<String, ImageDataset> images) {
    Map<String, Object> counts = new LinkedHashMap<>();
    images.forEach(
        (name, looked) -> {
          int unreadable = looked.unreadable();
          counts.put(name, looked.size() - unreadable);
          if (unreadable > 0) {
            counts.put("unreadable_" + name, unreadable);
          }
        });
    return counts;
  }

  private void warnOfUnreadable(Path run, String name, ImageDataset looked) {
    int unreadable = looked.unreadable();
    if (unreadable > 0) {
      Errors.warn(
          command.commandLine().getErr(),
          Text.format(
              "%d of %d %s could not be read and are left out; %s names each",
              unreadable, looked.size(), name.replace('_', ' '), folder(run).resolve(LOG)));
    }
  }

  private static void setAside(Path file, TrainedRun trained) {
    Optional<KeptResult> before = KeptResult.read(file);
    if (before.isPresent() && !trained.networkDigest().equals(before.get().network())) {
      Path other = before.get().setAsidePlace(file.getParent());
      try {
        AtomicFile.alias(file, other);
      } catch (IOException e) {
        throw new InvpException(
            Text.format("could not write %s: %s", other, IoErrors.reason(e)), e);
      }
    }
  }

  /** What the evaluations of a run have to say beside their results: {@code RUN/eval/log.txt}. */
  static LogFile log(Path run) {
    Path folder = folder(run);
    create(folder);
    return new LogFile(folder.resolve(LOG));
  }

  private static void create(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new InvpException(
          Text.format("could not create %s: %s", folder, IoErrors.reason(e)), e);
    }
  }

  private static String json(Path run, TrainedRun trained, EvalResult result, double seconds) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("protocol", result.protocol());
    object.put("run", run.toString());
    Map<String, Object> network = new LinkedHashMap<>();
    network.put("digest", trained.networkDigest());
    network.put("epochs", trained.epochs());
    object.put("network", network);
    object.put("settings", result.settings());
    object.put("scores", result.scores());
    object.put("seconds", Math.round(seconds * 1000) / 1000.0);
    if (!result.extra().isEmpty()) {
      object.put("extra", result.extra());
    }
    try {
      return JSON.writeValueAsString(object);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a result that JSON cannot hold: " + result, e);
    }
  }
}
