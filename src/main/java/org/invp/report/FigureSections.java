package org.invp.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.invp.config.ConfigFile;
import org.invp.config.EvaluationConfig.Split;
import org.invp.internal.Text;

/** The sections that need nothing but the figures of one or more runs. */
final class FigureSections {
  private final List<RunFigures> runs;
  private final Html out;

  FigureSections(List<RunFigures> runs, Html out) {
    this.runs = runs;
    this.out = out;
  }

  /** Headline numbers, and every score of every run. */
  void results() {
    out.raw("<section id=\"results\"><h2>What the representation is worth</h2>\n");
    RunFigures run = runs.get(0);
    if (run.last() == null) {
      out.element(
          "<p class=\"missing\">",
          "The run is not complete: invp train --resume --run-dir " + run.folder() + " ends it.",
          "</p>");
    } else if (runs.size() == 1 && isJudged(run)) {
      out.raw("<div class=\"cards\">");
      card("trained embedding", run.last("embedding_knn"), true);
      card("backbone features", run.last("backbone_knn"), false);
      card("untrained network", run.last("untrained_knn"), false);
      card("raw pixels", run.last("pixel_knn"), false);
      out.raw(
          "</div><p class=\"note\">kNN accuracy on the test images, k = %d.%s</p>",
          run.config().evaluation().k(), leftOut(run));
    } else if (runs.size() == 1) {
      out.raw(
          "<p class=\"missing\">kNN accuracy was not measured: it needs labels and a test"
              + " set.</p>");
    }
    VerdictSection verdict = new VerdictSection(runs, out);
    verdict.verdicts();
    verdict.accuracies();
    scores();
    if (runs.stream().allMatch(one -> one.evaluations().isEmpty()) && isJudged(run)) {
      out.element(
          "<p class=\"missing\">",
          "No evaluation has been kept yet: invp eval knn " + run.folder() + " adds its scores.",
          "</p>");
    }
    out.raw("</section>\n");
  }

  /** Whether there are accuracies, or may be some at the end. */
  private static boolean isJudged(RunFigures run) {
    return run.last() == null || run.last("embedding_knn") != null;
  }

  private static String leftOut(RunFigures run) {
    Double unreadable = run.last("unreadable_test_images");
    return unreadable == null
        ? ""
        : Text.format(" %d test images could not be read and are left out.", unreadable.intValue());
  }

  private void card(String name, Double value, boolean first) {
    if (value != null) {
      out.raw(
              "<div class=\"card%s\"><b>%s</b><span>",
              first ? " first" : "", Numbers.percent(value))
          .text(name)
          .raw("</span><i style=\"width:%.1f%%\"></i></div>", 100 * value);
    }
  }

  private void scores() {
    List<Map<String, Double>> columns = runs.stream().map(FigureSections::allScores).toList();
    Set<String> rows = new LinkedHashSet<>();
    columns.forEach(column -> rows.addAll(column.keySet()));
    if (rows.isEmpty()) {
      return;
    }
    out.raw("<div class=\"wide\"><table><thead><tr><th>score</th>");
    runs.forEach(run -> out.element("<th class=\"n\">", run.name(), "</th>"));
    out.raw("</tr></thead><tbody>");
    for (String row : rows) {
      double best = columns.stream().mapToDouble(c -> c.getOrDefault(row, -1.0)).max().orElse(-1);
      out.element("<tr><td>", row, "</td>");
      for (Map<String, Double> column : columns) {
        Double value = column.get(row);
        boolean marked = runs.size() > 1 && value != null && value == best && isMerit(row);
        out.raw(marked ? "<td class=\"n best\">" : "<td class=\"n\">");
        out.text(value == null ? "–" : score(value)).raw("</td>");
      }
      out.raw("</tr>");
    }
    out.raw("</tbody></table></div>");
  }

  /** How far draws lie apart is no merit: neither more nor less is better. */
  private static boolean isMerit(String row) {
    return !row.endsWith("_deviation");
  }

  private static String score(double value) {
    return value >= 0 && value <= 1 ? Numbers.percent(value) : Numbers.plain(value);
  }

  private static Map<String, Double> allScores(RunFigures run) {
    Map<String, Double> scores = new LinkedHashMap<>();
    String[][] last = {
      {"embedding_knn", "embedding, top1"},
      {"backbone_knn", "backbone, top1"},
      {"untrained_knn", "untrained, top1"},
      {"pixel_knn", "pixels, top1"},
      {"embedding_top5", "embedding, top5"},
      {"backbone_top5", "backbone, top5"},
      {"held_out_embedding_knn", "embedding, top1, on held-out images"},
      {"held_out_backbone_knn", "backbone, top1, on held-out images"}
    };
    for (String[] figure : last) {
      if (run.last(figure[0]) != null) {
        scores.put("kNN at the end: " + figure[1], run.last(figure[0]));
      }
    }
    for (KeptResult evaluation : run.evaluations()) {
      String heading = evaluation.heading(run.networks());
      evaluation.scores().forEach((name, value) -> scores.put(heading + ": " + name, value));
    }
    return scores;
  }

  /** Loss, accuracy, cosine and learning rate over the epochs. */
  void curves() {
    out.raw("<section id=\"curves\"><h2>Training</h2>\n");
    if (runs.stream().allMatch(run -> run.epochs().isEmpty())) {
      out.raw(
          "<p class=\"missing\">No epoch is complete yet: invp train adds a line for each.</p>");
    }
    out.raw("<div class=\"charts\">");
    if (runs.size() == 1) {
      RunFigures run = runs.get(0);
      chart(
          "Loss",
          Unit.NUMBER,
          List.of(
              series("loss", 0, run, "loss"),
              series("instance", 1, run, "loss_ins"),
              series("invariance", 2, run, "loss_inv")));
      List<LineChart.Series> accuracy = new ArrayList<>();
      accuracy.add(series("memory bank", 0, run, "bank_knn"));
      accuracy.add(series("embedding", 2, run, "embedding_knn"));
      level(accuracy, "raw pixels", 9, run, "pixel_knn");
      level(accuracy, "untrained", 1, run, "untrained_knn");
      boolean heldOut = run.config().evaluation().split() == Split.HELD_OUT;
      chart(
          heldOut
              ? "kNN accuracy, top-1; epochs on held-out images, levels on the test images"
              : "kNN accuracy, top-1",
          Unit.SHARE,
          accuracy);
      walk(run);
    } else {
      compared("Loss", Unit.NUMBER, "loss");
      compared("Instance loss", Unit.NUMBER, "loss_ins");
      compared("Invariance loss", Unit.NUMBER, "loss_inv");
      compared("kNN accuracy against the bank, top-1", Unit.SHARE, "bank_knn");
      compared("Positives of the anchor's class", Unit.SHARE, "positives_right");
      compared("Cosine of bank rows and present embeddings", Unit.NUMBER, "staleness");
    }
    compared("Mean cosine of a batch (1: collapsed)", Unit.NUMBER, "embedding_cosine");
    compared("Learning rate", Unit.NUMBER, "lr");
    out.raw("</div></section>\n");
  }

  /** What the walk finds at the start of every epoch, and when the loss begins to use it. */
  private void walk(RunFigures run) {
    if (run.epochs().stream().noneMatch(line -> RunFigures.number(line, "walk_right") != null)) {
      compared("Cosine of bank rows and present embeddings", Unit.NUMBER, "staleness");
      return;
    }
    LineChart chart =
        new LineChart(
            "Share of the anchor's class in what the walk finds",
            Unit.SHARE,
            List.of(
                series("N(i)", 0, run, "walk_right"),
                series("positives", 1, run, "positives_right"),
                series("easiest", 2, run, "easiest_right"),
                series("cosine of bank rows and present embeddings", 4, run, "staleness")),
            run.epochs().stream()
                .filter(line -> line.path("invariance_weight").asDouble() > 0)
                .findFirst()
                .map(
                    line ->
                        new LineChart.Mark(
                            line.get("epoch").asDouble(), "the invariance loss starts"))
                .orElse(null));
    if (!chart.isEmpty()) {
      chart.render(out);
    }
  }

  private void compared(String title, Unit unit, String key) {
    List<LineChart.Series> all = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      all.add(series(runs.get(i).name(), i % 10, runs.get(i), key));
    }
    chart(title, unit, all);
  }

  private void chart(String title, Unit unit, List<LineChart.Series> series) {
    LineChart chart = new LineChart(title, unit, series);
    if (!chart.isEmpty()) {
      chart.render(out);
    }
  }

  private static LineChart.Series series(String name, int colour, RunFigures run, String key) {
    List<LineChart.Point> points = new ArrayList<>();
    for (JsonNode line : run.epochs()) {
      Double value = RunFigures.number(line, key);
      if (value != null && Double.isFinite(value)) {
        points.add(new LineChart.Point(line.get("epoch").asDouble(), value));
      }
    }
    return new LineChart.Series(name, colour, points, false);
  }

  private static void level(
      List<LineChart.Series> all, String name, int colour, RunFigures run, String key) {
    Double value = run.last(key);
    if (value != null) {
      all.add(new LineChart.Series(name, colour, List.of(new LineChart.Point(1, value)), true));
    }
  }

  /** Images per second, and where the time went. */
  void throughput() {
    RunFigures run = runs.get(0);
    if (run.epochs().isEmpty()) {
      return;
    }
    out.raw("<section id=\"throughput\"><h2>Throughput</h2><div class=\"charts\">\n");
    compared("Images per second", Unit.NUMBER, "images_per_second");
    List<Integer> epochs = run.epochs().stream().map(line -> line.get("epoch").asInt()).toList();
    List<Double> rest = new ArrayList<>();
    for (JsonNode line : run.epochs()) {
      rest.add(
          line.path("seconds").asDouble()
              - line.path("bank_seconds").asDouble()
              - line.path("network_seconds").asDouble()
              - line.path("loader_wait").asDouble());
    }
    StackedBars.render(
        out,
        "Seconds per epoch, " + run.name(),
        epochs,
        List.of(
            layer("network", 0, "network_seconds"),
            layer("memory bank", 1, "bank_seconds"),
            layer("waiting for images", 3, "loader_wait"),
            layer("rebuilding the graph", 2, "graph_seconds"),
            layer("refreshing the bank", 4, "refresh_seconds"),
            layer("looking at the walk", 5, "walk_seconds"),
            new StackedBars.Layer("else", 9, rest)));
    out.raw("</div>");
    double steps =
        run.epochs().stream()
            .mapToDouble(
                line ->
                    Math.ceil(line.path("images").asDouble() / run.config().training().batchSize()))
            .sum();
    out.element(
        "<p class=\"note\">",
        Text.format(
            "A step took %s ms on the memory bank and %s ms in the network (batch of %d); %s of the"
                + " time went into waiting for images.",
            Numbers.plain(1000 * run.sum("bank_seconds") / steps),
            Numbers.plain(1000 * run.sum("network_seconds") / steps),
            run.config().training().batchSize(),
            Numbers.percent(run.sum("loader_wait") / run.sum("seconds"))),
        "</p></section>\n");
  }

  private StackedBars.Layer layer(String name, int colour, String key) {
    return new StackedBars.Layer(
        name,
        colour,
        runs.get(0).epochs().stream().map(line -> line.path(key).asDouble()).toList());
  }

  /** Every setting; with several runs those first that differ. */
  void settings() {
    List<Map<String, String>> columns =
        runs.stream().map(run -> ConfigFile.flatten(run.config())).toList();
    Set<String> keys = new LinkedHashSet<>();
    columns.forEach(column -> keys.addAll(column.keySet()));
    List<String> differing =
        keys.stream()
            .filter(key -> columns.stream().map(column -> column.get(key)).distinct().count() > 1)
            .toList();
    out.raw("<section id=\"settings\"><h2>Settings</h2>\n");
    if (runs.size() > 1) {
      out.raw("<h3>In which the runs differ</h3>");
      table(differing, columns);
    }
    out.raw("<details><summary>All settings</summary>");
    table(List.copyOf(keys), columns);
    out.raw("</details></section>\n");
  }

  private void table(List<String> keys, List<Map<String, String>> columns) {
    out.raw("<div class=\"wide\"><table><thead><tr><th>setting</th>");
    runs.forEach(run -> out.element("<th>", run.name(), "</th>"));
    out.raw("</tr></thead><tbody>");
    for (String key : keys) {
      out.element("<tr><td>", key, "</td>");
      columns.forEach(column -> out.element("<td>", column.getOrDefault(key, "–"), "</td>"));
      out.raw("</tr>");
    }
    out.raw("</tbody></table></div>");
  }
}
