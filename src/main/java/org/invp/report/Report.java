package org.invp.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.invp.config.TrainingConfig;
import org.invp.internal.Text;
import org.invp.io.AtomicFile;

/**
 * One self-contained HTML page about a run, or about several side by side: figures of all, pictures
 * of the first. It asks nothing of the network, and the same runs give the same bytes.
 */
public final class Report {
  private static final String TITLE = "<title>invp: ";
  private static final int START = 1 << 12;

  private final List<RunFigures> runs;

  private Report(List<RunFigures> runs) {
    this.runs = runs;
  }

  /**
   * Reads the figures of run folders.
   *
   * @param folders at least one
   * @throws org.invp.InvalidDataException when one holds no run, or a file that cannot be read
   */
  public static Report of(List<Path> folders) {
    List<RunFigures> runs = folders.stream().map(RunFigures::read).toList();
    long names = runs.stream().map(RunFigures::name).distinct().count();
    long places =
        folders.stream().map(folder -> folder.toAbsolutePath().normalize()).distinct().count();
    return new Report(names == places ? runs : runs.stream().map(RunFigures::namedByPath).toList());
  }

  /**
   * Writes the page, whole or not at all.
   *
   * @param pictures of the first run, or null
   * @param reason why there are no pictures and what would give them; null if there are
   */
  public void write(Path target, Pictures pictures, String reason) {
    Html out = new Html();
    String title = runs.size() == 1 ? runs.get(0).name() : runs.size() + " runs";
    out.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n")
        .raw(
            "<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">\n")
        .element(TITLE, title, "</title>\n<style>")
        .raw(resource("report.css"));
    if (pictures != null) {
      out.raw(".t,#tip i{background-image:url(")
          .raw(pictures.sprite.toDataAddress())
          .raw(");--rows:%d;--columns:%d}", pictures.sprite.rows(), Sprite.COLUMNS);
    }
    out.raw("</style></head><body>\n");
    header(out, title);
    FigureSections figures = new FigureSections(runs, out);
    figures.results();
    figures.curves();
    if (pictures == null) {
      out.element("<section><h2>Pictures</h2><p class=\"missing\">", reason, "</p></section>\n");
    } else {
      PictureSections sections = new PictureSections(pictures, out);
      sections.walks();
      sections.neighbours();
      sections.map();
      sections.confusion();
    }
    figures.throughput();
    figures.settings();
    out.raw("</main><div id=\"tip\" hidden><i hidden></i><span></span></div><script>")
        .raw(resource("report.js"))
        .raw("</script></body></html>\n");
    AtomicFile.writeString(target, out.toString());
  }

  /** Whether a file begins as a page of this class does, which may be replaced by another. */
  public static boolean wrote(Path page) {
    try (InputStream in = Files.newInputStream(page)) {
      return new String(in.readNBytes(START), StandardCharsets.UTF_8).contains(TITLE);
    } catch (IOException e) {
      return false;
    }
  }

  private void header(Html out, String title) {
    out.element("<main><header><h1>", title, "</h1><p>");
    RunFigures first = runs.get(0);
    TrainingConfig config = first.config();
    out.text(
        Text.format(
            "Invariance Propagation: ResNet-%d, width %d, embeddings of %d numbers; %d of %d epochs, %s of training, seed %d",
            config.network().architecture().layers(),
            config.network().width(),
            config.network().dimension(),
            first.epochs().size(),
            config.training().epochs(),
            Numbers.duration(first.sum("seconds")),
            config.seed()));
    if (runs.size() > 1) {
      out.text(" (" + first.name() + ", of which the pictures are)");
    }
    out.raw("</p>");
    for (RunFigures run : runs) {
      if (run.origin() != null) {
        String began = runs.size() == 1 ? "Began" : run.name() + " began";
        out.element("<p>", began + " with " + run.origin(), "</p>");
      }
    }
    String environment = environment(first.environment());
    if (!environment.isEmpty()) {
      out.element("<p>", environment, "</p>");
    }
    out.raw("</header>\n");
  }

  private static String environment(Map<String, String> facts) {
    List<String> words = new ArrayList<>();
    if (facts.containsKey("threads")) {
      String threads = facts.get("threads");
      words.add(threads + (threads.equals("1") ? " thread" : " threads"));
    }
    if (facts.containsKey("cpu_capability")) {
      words.add("CPU with " + facts.get("cpu_capability"));
    }
    if (facts.containsKey("libtorch")) {
      words.add("LibTorch " + facts.get("libtorch"));
    }
    return words.isEmpty() ? "" : "Trained on " + String.join(", ", words);
  }

  private static String resource(String name) {
    try (InputStream in = Report.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(name + " is missing from the jar", e);
    }
  }
}
