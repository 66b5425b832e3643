package org.invp.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** One live line for the epoch in progress. */
final class LiveBar implements AutoCloseable {
  private static final int WIDTH = 100;
  private static final int UPDATE_MILLIS = 200;

  private final PrintStream terminal;
  private ProgressBar bar;
  private long images;
  private long started;
  private int epoch;
  private int epochs;
  private int batches;

  LiveBar(PrintStream terminal) {
    this.terminal = terminal;
  }

  /** Whether standard error, where the bar goes, is a terminal. */
  static boolean hasTerminal() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException e) {
      return false;
    }
  }

  void start(int epochNow, int epochsInAll, int firstBatch, int batchesInEpoch) {
    close();
    epoch = epochNow;
    epochs = epochsInAll;
    batches = batchesInEpoch;
    images = 0;
    started = System.nanoTime();
    bar =
        new ProgressBarBuilder()
            .setTaskName("epoch %d/%d".formatted(epoch, epochs))
            .setInitialMax(batches)
            .startsFrom(firstBatch, Duration.ZERO)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(UPDATE_MILLIS)
            .hideEta()
            .setConsumer(new ConsoleProgressBarConsumer(terminal, WIDTH))
            .build();
  }

  void step(int batchSize, double meanLoss) {
    images += batchSize;
    bar.step();
    double seconds = Math.max(1e-9, (System.nanoTime() - started) * 1e-9);
    long done = bar.getCurrent() - bar.getStart();
    double left =
        seconds / done * (batches - bar.getCurrent() + (double) batches * (epochs - epoch));
    bar.setExtraMessage(
        String.format(
            Locale.ROOT,
            "loss %.3f, %.0f images/s, %s left",
            meanLoss,
            images / seconds,
            clock(left)));
  }

  void phase(String what) {
    if (bar != null) {
      bar.setExtraMessage(what);
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  /** Hours, minutes and seconds, the hours only when there are any. */
  static String clock(double seconds) {
    long whole = Math.round(seconds);
    long hours = whole / 3600;
    return hours > 0
        ? String.format(Locale.ROOT, "%d:%02d:%02d", hours, whole / 60 % 60, whole % 60)
        : String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60);
  }
}
