package org.invp.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntFunction;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.train.EpochMetrics;
import org.invp.train.FinalMetrics;
import org.invp.train.StepMetrics;
import org.invp.train.TrainingListener;

/**
 * Shows a run's progress: a line per epoch, and on a terminal a live bar with loss, images per
 * second and the time left.
 */
final class ConsoleListener implements TrainingListener, AutoCloseable {
  private final TrainingConfig config;
  private final int testImages;
  private final PrintWriter out;
  private final PrintWriter err;
  private final LiveBar bar;

  /**
   * @param bar shows the steps; null where there is no terminal
   */
  ConsoleListener(
      TrainingConfig config, int testImages, PrintWriter out, PrintWriter err, LiveBar bar) {
    this.config = config;
    this.testImages = testImages;
    this.out = out;
    this.err = err;
    this.bar = bar;
  }

  @Override
  public void phase(String what) {
    if (bar != null) {
      bar.phase(what);
    }
  }

  @Override
  public void epochStarted(int epoch, int epochs, int firstBatch, int batches) {
    if (bar != null) {
      bar.start(epoch, epochs, firstBatch, batches);
    }
  }

  @Override
  public void stepDone(StepMetrics step, int images, double meanLoss) {
    if (bar != null) {
      bar.step(images, meanLoss);
    }
  }

  @Override
  public void epochDone(EpochMetrics metrics) {
    endLine();
    out.println(line(metrics));
    out.flush();
  }

  @Override
  public void warning(String message) {
    endLine();
    Errors.warn(err, message);
  }

  @Override
  public void finished(FinalMetrics metrics) {
    endLine();
    if (metrics.embeddingKnnByK() != null) {
      accuracies(metrics);
    }
    if (metrics.heldOutEmbeddingKnnByK() != null) {
      Set<Integer> ks = metrics.heldOutEmbeddingKnnByK().keySet();
      if (metrics.embeddingKnnByK() == null) {
        row("kNN accuracy", ks, k -> Text.format("k = %d", k));
      }
      out.println("on the images held out of training");
      row("trained embedding", metrics.heldOutEmbeddingKnnByK(), ks);
      row("backbone features", metrics.heldOutBackboneKnnByK(), ks);
    }
    if (metrics.corruptImages() > 0) {
      out.printf(
          Locale.ROOT,
          "%,d times a training image could not be read and was left out%n",
          metrics.corruptImages());
    }
  }

  private void accuracies(FinalMetrics metrics) {
    int unreadable = Objects.requireNonNullElse(metrics.unreadableTestImages(), 0);
    out.printf(
        Locale.ROOT,
        "%nkNN accuracy on %,d test images (sigma = %s, objective mode %s, seed %d)%n",
        testImages - unreadable,
        config.evaluation().sigma(),
        metrics.mode(),
        metrics.seed());
    Set<Integer> ks = metrics.embeddingKnnByK().keySet();
    row("", ks, k -> Text.format("k = %d", k));
    row("raw pixels", metrics.pixelKnnByK(), ks);
    row("untrained network", metrics.untrainedKnnByK(), ks);
    row("untrained backbone", metrics.untrainedBackboneKnnByK(), ks);
    row("trained embedding", metrics.embeddingKnnByK(), ks);
    row("backbone features", metrics.backboneKnnByK(), ks);
  }

  @Override
  public void close() {
    endLine();
  }

  /** Ends the live bar, if there is one, so that other lines can follow. */
  void endLine() {
    if (bar != null) {
      bar.close();
    }
  }

  private void row(String name, Map<Integer, Double> byK, Set<Integer> ks) {
    if (byK == null) {
      out.printf(Locale.ROOT, "  %-20s  not measured%n", name);
      return;
    }
    row(name, ks, k -> byK.containsKey(k) ? percent(byK.get(k)) : "-");
  }

  private void row(String name, Set<Integer> ks, IntFunction<String> cell) {
    StringBuilder line = new StringBuilder(Text.format("  %-20s", name));
    ks.forEach(k -> line.append(Text.format("%10s", cell.apply(k))));
    out.println(line);
  }

  private String line(EpochMetrics metrics) {
    Double knn = metrics.bankKnn() != null ? metrics.bankKnn() : metrics.embeddingKnn();
    return String.format(
        Locale.ROOT,
        "epoch %d/%d  loss %.4f (ins %.4f, inv %.4f)  kNN %s  cosine %.3f  %s%.0f images/s  %.1f"
            + " s%s",
        metrics.epoch(),
        config.training().epochs(),
        metrics.loss(),
        metrics.lossIns(),
        metrics.lossInv(),
        knn == null ? "-" : percent(knn),
        metrics.embeddingCosine(),
        walk(metrics),
        metrics.imagesPerSecond(),
        metrics.seconds(),
        waited(metrics));
  }

  /** How many images the walk found as the epoch started, and how many of them are right. */
  private static String walk(EpochMetrics metrics) {
    if (metrics.walkSize() == null) {
      return "";
    }
    String right =
        metrics.walkRight() == null
            ? ""
            : String.format(Locale.ROOT, ", %.0f %% right", 100 * metrics.walkRight());
    return String.format(Locale.ROOT, "N(i) %.0f%s  ", metrics.walkSize(), right);
  }

  /** The share of the time that the loader made the trainer wait, where it is worth a word. */
  private static String waited(EpochMetrics metrics) {
    long percent = Math.round(100 * metrics.loaderWait() / metrics.seconds());
    return percent < 1 ? "" : Text.format("  (%d %% waiting for images)", percent);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }
}
