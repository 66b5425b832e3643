package org.invp.train;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import org.invp.internal.Text;

/**
 * How high something ends in kNN at its best k.
 *
 * @param name what it is
 * @param k the k of its highest accuracy; the smallest of several
 * @param tenths the accuracy in tenths of a percent, rounded as it is written
 */
record Standing(String name, int k, long tenths) {
  /**
   * At the best k.
   *
   * @param byK accuracies, shares in [0, 1]; not empty
   */
  static Standing best(String name, SortedMap<Integer, Double> byK) {
    int best = byK.firstKey();
    for (Map.Entry<Integer, Double> one : byK.entrySet()) {
      best = one.getValue() > byK.get(best) ? one.getKey() : best;
    }
    return new Standing(name, best, Math.round(1000 * byK.get(best)));
  }

  /** Whether it ends below another. */
  boolean isBelow(Standing other) {
    return tenths < other.tenths;
  }

  /**
   * For example "beats raw pixels by 0.5 points but falls below the untrained network by 2.0
   * points".
   *
   * @param introduces whether the rivals' accuracies are told, too
   */
  String against(List<Standing> rivals, boolean introduces) {
    StringBuilder text = new StringBuilder();
    String last = null;
    for (Standing rival : rivals) {
      String relation = relation(rival);
      if (last != null) {
        text.append(relation.equals(last) ? " and " : " but ");
      }
      text.append(relation.equals(last) ? "" : relation + " ");
      text.append(introduces ? rival.toString() : rival.name);
      if (tenths != rival.tenths) {
        text.append(Text.format(" by %s points", decimal(Math.abs(tenths - rival.tenths))));
      }
      last = relation;
    }
    return text.toString();
  }

  private String relation(Standing rival) {
    return tenths == rival.tenths ? "is level with" : isBelow(rival) ? "falls below" : "beats";
  }

  @Override
  public String toString() {
    return Text.format("%s (%s %% at k = %d)", name, decimal(tenths), k);
  }

  private static String decimal(long tenths) {
    return String.format(Locale.ROOT, "%.1f", tenths / 10.0);
  }
}
