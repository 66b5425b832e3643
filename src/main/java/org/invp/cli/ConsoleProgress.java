package org.invp.cli;

import java.io.PrintWriter;
import java.util.Locale;
import org.invp.eval.EpochReport;
import org.invp.eval.EvalProgress;

/** Shows an evaluation's progress: a live line on a terminal, and a line for every test. */
final class ConsoleProgress implements EvalProgress, AutoCloseable {
  private final PrintWriter err;
  private final LiveBar bar;

  /**
   * @param err where lines go; standard error, so that results stand alone on standard output
   */
  ConsoleProgress(PrintWriter err) {
    this.err = err;
    this.bar = LiveBar.hasTerminal() ? new LiveBar(System.err) : null;
  }

  @Override
  public void phase(String what) {
    if (bar != null) {
      bar.phase(what);
    }
  }

  @Override
  public void epochStarted(int epoch, int epochs, int batches) {
    if (bar != null) {
      bar.start(epoch, epochs, 0, batches);
    }
  }

  @Override
  public void stepDone(int images, double meanLoss) {
    if (bar != null) {
      bar.step(images, meanLoss);
    }
  }

  @Override
  public void epochDone(EpochReport report) {
    if (report.testTop1() == null) {
      return;
    }
    close();
    err.println(
        String.format(
            Locale.ROOT,
            "epoch %d/%d  loss %.4f  training top-1 %.2f %%  test top-1 %.2f %%  %.0f images/s",
            report.epoch(),
            report.epochs(),
            report.loss(),
            100 * report.trainTop1(),
            100 * report.testTop1(),
            report.imagesPerSecond()));
  }

  /** Erases the live line; another may follow. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
