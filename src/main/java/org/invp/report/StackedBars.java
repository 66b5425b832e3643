package org.invp.report;

import java.util.List;

/** Where the time of every epoch went: one bar per epoch, one layer per kind of work. */
final class StackedBars {
  private static final int WIDTH = 460;
  private static final int HEIGHT = 250;
  private static final int LEFT = 54;
  private static final int RIGHT = 14;
  private static final int TOP = 10;
  private static final int BOTTOM = 38;

  /**
   * One kind of work.
   *
   * @param colour which of the page's colours
   * @param seconds per epoch
   */
  record Layer(String name, int colour, List<Double> seconds) {}

  private StackedBars() {}

  /**
   * @param epochs their numbers, in order; every layer has as many values
   */
  static void render(Html out, String title, List<Integer> epochs, List<Layer> layers) {
    double most = 0;
    for (int i = 0; i < epochs.size(); i++) {
      most = Math.max(most, total(layers, i));
    }
    Axis axis = Axis.over(0, most, 4);
    out.raw("<figure class=\"chart\"><figcaption>").text(title).raw("</figcaption>");
    out.raw("<ul class=\"legend\">");
    layers.forEach(
        layer ->
            out.raw("<li><i class=\"box c%d\"></i>", layer.colour).text(layer.name).raw("</li>"));
    out.raw("</ul><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT)
        .text(title)
        .raw("\">");
    for (double tick : axis.ticks()) {
      double y = y(axis, tick);
      out.raw(
          "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"end\">%s</text>",
          LEFT, y, WIDTH - RIGHT, LEFT - 7, y + 4, Numbers.plain(tick));
    }
    double slot = (double) (WIDTH - LEFT - RIGHT) / epochs.size();
    int every = Math.max(1, epochs.size() / 10);
    for (int i = 0; i < epochs.size(); i++) {
      double x = LEFT + i * slot;
      double below = 0;
      out.raw("<g data-tip=\"").text(tip(epochs.get(i), layers, i)).raw("\">");
      for (Layer layer : layers) {
        double seconds = Math.max(0, layer.seconds.get(i));
        out.raw(
            "<rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
            layer.colour,
            x + slot * 0.15,
            y(axis, below + seconds),
            slot * 0.7,
            y(axis, below) - y(axis, below + seconds));
        below += seconds;
      }
      out.raw("</g>");
      if (i % every == 0) {
        out.raw(
            "<text x=\"%.1f\" y=\"%d\" class=\"mid\">%d</text>",
            x + slot / 2, HEIGHT - BOTTOM + 17, epochs.get(i));
      }
    }
    out.raw(
        "<text x=\"%d\" y=\"%d\" class=\"mid muted\">epoch</text></svg></figure>\n",
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4);
  }

  private static double total(List<Layer> layers, int index) {
    return layers.stream().mapToDouble(layer -> Math.max(0, layer.seconds.get(index))).sum();
  }

  private static String tip(int epoch, List<Layer> layers, int index) {
    StringBuilder tip = new StringBuilder("epoch " + epoch);
    for (Layer layer : layers) {
      tip.append('\n')
          .append(layer.name)
          .append("  ")
          .append(Numbers.duration(layer.seconds.get(index)));
    }
    return tip.toString();
  }

  private static double y(Axis axis, double value) {
    return TOP + (1 - axis.place(value)) * (HEIGHT - TOP - BOTTOM);
  }
}
