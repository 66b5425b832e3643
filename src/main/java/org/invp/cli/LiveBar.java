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
import org.invp.internal.Text;

/** One live line for the epoch in progress. */
final class LiveBar implements AutoCloseable {
  private static final int WIDTH = 100;
  private static final int UPDATE_MILLIS = 200;

  /** Back to the start of the line, and clear it. */
  private static final String ERASE = "\r\033[K";

  private final PrintStream terminal;
  private ProgressBar bar;
  private long images;
  private long started;
  private long evaluating;
  private double betweenEpochs;
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
    betweenEpochs = evaluating > 0 ? seconds(evaluating, started) : 0;
    evaluating = 0;
    bar =
        new ProgressBarBuilder()
            .setTaskName(Text.format("epoch %d/%d", epoch, epochs))
            .setInitialMax(batches)
            .startsFrom(firstBatch, Duration.ZERO)
            .setStyle(ProgressBarStyle.ASCII)
            .setUpdateIntervalMillis(UPDATE_MILLIS)
            .hideEta()
            .setConsumer(new Line(terminal))
            .build();
  }

  void step(int batchSize, double meanLoss) {
    images += batchSize;
    bar.step();
    double seconds = Math.max(1e-9, seconds(started, System.nanoTime()));
    long done = bar.getCurrent() - bar.getStart();
    double perEpoch = seconds / done * batches;
    double left =
        seconds / done * (batches - bar.getCurrent())
            + (epochs - epoch) * (perEpoch + betweenEpochs);
    bar.setExtraMessage(
        String.format(
            Locale.ROOT,
            "loss %.3f, %.0f images/s, %s left",
            meanLoss,
            images / seconds,
            clock(left)));
  }

  /** Says what is going on while there are no steps. */
  void phase(String what) {
    if (bar != null) {
      evaluating = System.nanoTime();
      bar.setExtraMessage(what);
    } else {
      terminal.print(ERASE + what + " ...");
      terminal.flush();
    }
  }

  /** Erases the line, so that others can take its place. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    } else {
      terminal.print(ERASE);
    }
    terminal.flush();
  }

  /** The bar's line; erased at the end instead of left behind. */
  private static final class Line extends ConsoleProgressBarConsumer {
    private final PrintStream terminal;

    Line(PrintStream terminal) {
      super(terminal, WIDTH);
      this.terminal = terminal;
    }

    @Override
    public void close() {
      terminal.print(ERASE);
      terminal.flush();
    }
  }

  private static double seconds(long from, long to) {
    return (to - from) * 1e-9;
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
