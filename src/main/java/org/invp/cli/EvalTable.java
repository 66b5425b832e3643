package org.invp.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.invp.eval.EvalResult;
import org.invp.eval.Score;

/** A result to read: the settings, then one line per thing judged and one column per metric. */
final class EvalTable {
  private static final int LINE = 100;
  private static final int NARROWEST = 9;

  private EvalTable() {}

  static String of(EvalResult result) {
    List<String> metrics = result.scores().stream().map(Score::metric).distinct().toList();
    Map<String, Map<String, Double>> rows = new LinkedHashMap<>();
    for (Score score : result.scores()) {
      rows.computeIfAbsent(score.what(), what -> new LinkedHashMap<>())
          .put(score.metric(), score.value());
    }
    int first = rows.keySet().stream().mapToInt(String::length).max().orElse(0);
    StringBuilder text = new StringBuilder(title(result));
    text.append(row("", first, metrics, EvalTable::heading));
    rows.forEach(
        (what, values) ->
            text.append(row(what, first, metrics, metric -> percent(values.get(metric)))));
    return text.toString();
  }

  private interface Cell {
    String of(String metric);
  }

  private static String row(String what, int first, List<String> metrics, Cell cell) {
    StringBuilder line = new StringBuilder("  ").append(padded(what, -first));
    for (String metric : metrics) {
      int width = 2 + Math.max(NARROWEST, heading(metric).length());
      line.append(padded(cell.of(metric), width));
    }
    return line.toString().stripTrailing() + System.lineSeparator();
  }

  private static String padded(String text, int width) {
    String blanks = " ".repeat(Math.max(0, Math.abs(width) - text.length()));
    return width < 0 ? text + blanks : blanks + text;
  }

  private static String percent(Double value) {
    return value == null ? "" : String.format(Locale.ROOT, "%.2f %%", 100 * value);
  }

  /** {@code top1} reads better as {@code top-1}, {@code mean_per_class} without underscores. */
  private static String heading(String metric) {
    return metric.replaceFirst("^top(\\d)", "top-$1").replace('_', ' ');
  }

  /** The protocol and its settings, on as many lines as they need. */
  private static String title(EvalResult result) {
    List<String> parts = new ArrayList<>();
    result.settings().forEach((key, value) -> parts.add(key.replace('_', ' ') + " " + text(value)));
    StringBuilder text = new StringBuilder();
    StringBuilder line = new StringBuilder(result.protocol()).append(": ");
    for (int i = 0; i < parts.size(); i++) {
      String part = parts.get(i) + (i + 1 < parts.size() ? ", " : "");
      if (line.length() + part.stripTrailing().length() > LINE) {
        text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        line = new StringBuilder("    ");
      }
      line.append(part);
    }
    return text.append(line.toString().stripTrailing()).append(System.lineSeparator()).toString();
  }

  private static String text(Object value) {
    return value instanceof Integer || value instanceof Long
        ? String.format(Locale.ROOT, "%,d", ((Number) value).longValue())
        : String.valueOf(value);
  }
}
