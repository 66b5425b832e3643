package org.invp.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.invp.InvpException;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;
import org.invp.train.EpochMetrics;
import org.invp.train.Outcome;
import org.invp.train.RunFolder;
import org.invp.train.RunImages;
import org.invp.train.StopRequest;
import org.invp.train.Trainer;
import org.invp.train.TrainingListener;

/**
 * Trains as {@code invp train} does, but walks over an {@link OracleGraph}. A run that the folder
 * holds goes on; SIGTERM and SIGINT save first. The folder is a run folder like any other, and says
 * in {@code oracle.txt} which kind of graph it was trained on.
 *
 * <p>{@code java -cp bench/target/benchmarks.jar org.invp.bench.OracleTraining CONFIG RUN KIND
 * [--set KEY=VALUE]...}; exit codes as of {@code invp}.
 */
public final class OracleTraining {
  private static final int FAILED = 1;
  private static final int WRONG_USE = 2;

  /** As for {@code invp}: LibTorch is called from a thread with more stack than the JVM's main. */
  private static final long STACK_BYTES = 64L << 20;

  private static final String USAGE =
      "usage: OracleTraining CONFIG RUN random|one-in-ten|nearest [--set KEY=VALUE]...";

  private final PrintStream err;
  private final StopRequest stop = new StopRequest();

  private OracleTraining(PrintStream err) {
    this.err = err;
  }

  /** Trains, and ends the process with its exit code. */
  public static void main(String[] args) throws InterruptedException {
    OracleTraining training = new OracleTraining(System.err);
    CountDownLatch ended = new CountDownLatch(1);
    // The JVM ends with 128 + the signal's number when its hooks are done; this one waits.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  training.stop.request();
                  awaitQuietly(ended);
                }));
    AtomicInteger code = new AtomicInteger(FAILED);
    Thread thread =
        new Thread(null, () -> code.set(training.command(args)), "training", STACK_BYTES);
    thread.start();
    thread.join();
    ended.countDown();
    System.exit(code.get());
  }

  private static void awaitQuietly(CountDownLatch ended) {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int command(String... args) {
    try {
      Iterator<String> words = List.of(args).iterator();
      Path config = Path.of(next(words));
      Path run = Path.of(next(words));
      OracleGraph.Kind kind = kind(next(words));
      List<String> overrides = new ArrayList<>();
      while (words.hasNext()) {
        if (!"--set".equals(words.next())) {
          throw new ConfigException(USAGE);
        }
        overrides.add(next(words));
      }
      return train(ConfigFile.read(config, overrides), run, kind) == Outcome.COMPLETE ? 0 : FAILED;
    } catch (InvpException e) {
      err.println("oracle: " + e.getMessage());
      return e instanceof ConfigException ? WRONG_USE : FAILED;
    }
  }

  private static String next(Iterator<String> words) {
    if (!words.hasNext()) {
      throw new ConfigException(USAGE);
    }
    return words.next();
  }

  private static OracleGraph.Kind kind(String word) {
    for (OracleGraph.Kind kind : OracleGraph.Kind.values()) {
      if (kind.word().equals(word)) {
        return kind;
      }
    }
    throw new ConfigException(Text.format("%s is no kind of oracle; %s", word, USAGE));
  }

  private Outcome train(TrainingConfig config, Path path, OracleGraph.Kind kind) {
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(path, RunFolder.Existing.RESUME)) {
      requireKind(folder, kind);
      OracleGraph graph = new OracleGraph(kind, config.seed(), images.train().labels());
      try (Trainer trainer = new Trainer(config, folder, images, graph, stop, listener())) {
        return trainer.run();
      }
    }
  }

  /** A run goes on with the kind of graph that it began with. */
  private static void requireKind(RunFolder folder, OracleGraph.Kind kind) {
    Path note = folder.path().resolve("oracle.txt");
    if (!Files.exists(folder.config())) {
      AtomicFile.writeString(note, kind.word() + "\n");
      return;
    }
    String before = Files.exists(note) ? read(note) : "no oracle's";
    if (!before.equals(kind.word())) {
      throw new ConfigException(
          Text.format(
              "the graph is %s, but the run in %s was started with %s; allowed: the same",
              kind.word(), folder.path(), before));
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new InvpException(Text.format("could not read %s: %s", file, e.getMessage()), e);
    }
  }

  private TrainingListener listener() {
    return new TrainingListener() {
      @Override
      public void epochDone(EpochMetrics metrics) {
        err.println(metrics);
      }

      @Override
      public void warning(String message) {
        err.println("warning: " + message);
      }
    };
  }
}
