package org.invp.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.invp.train.Verdict;

/** What complete runs came to: the verdict on each, and the kNN accuracies that it goes by. */
final class VerdictSection {
  private record Row(String name, String key) {}

  private static final List<Row> ROWS =
      List.of(
          new Row("trained embedding", "embedding_knn_by_k"),
          new Row("trained backbone", "backbone_knn_by_k"),
          new Row("raw pixels", "pixel_knn_by_k"),
          new Row("untrained embedding", "untrained_knn_by_k"),
          new Row("untrained backbone", "untrained_backbone_knn_by_k"));

  private final List<RunFigures> runs;
  private final Html out;

  VerdictSection(List<RunFigures> runs, Html out) {
    this.runs = runs;
    this.out = out;
  }

  /** A paragraph for each complete run, with its name where there are several. */
  void verdicts() {
    for (RunFigures run : runs) {
      Verdict verdict = run.verdict();
      if (verdict != null) {
        out.raw(verdict.below() ? "<p class=\"verdict below\">" : "<p class=\"verdict\">");
        if (runs.size() > 1) {
          out.element("<b>", run.name() + ":", "</b> ");
        }
        out.text(verdict.text()).raw("</p>\n");
      }
    }
  }

  /** A table of one run's accuracies by k; nothing for runs of versions that had one k. */
  void accuracies() {
    JsonNode last = runs.get(0).last();
    if (runs.size() > 1 || last == null || !last.path("embedding_knn_by_k").isObject()) {
      return;
    }
    List<String> ks =
        last.get("embedding_knn_by_k").properties().stream().map(one -> one.getKey()).toList();
    out.raw("<div class=\"wide\"><table><thead><tr><th>kNN accuracy</th>");
    ks.forEach(k -> out.element("<th class=\"n\">", "k = " + k, "</th>"));
    out.raw("</tr></thead><tbody>");
    for (Row row : ROWS) {
      out.element("<tr><td>", row.name, "</td>");
      for (String k : ks) {
        Double value = RunFigures.number(last.path(row.key), k);
        out.element("<td class=\"n\">", value == null ? "–" : Numbers.percent(value), "</td>");
      }
      out.raw("</tr>");
    }
    out.raw("</tbody></table></div>\n");
  }
}
