package org.invp.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.DoubleStream;

/** Curves over the epochs, as an SVG figure with a legend and a value list under the pointer. */
final class LineChart {
  private static final int WIDTH = 460;
  private static final int HEIGHT = 250;
  private static final int LEFT = 54;
  private static final int RIGHT = 14;
  private static final int TOP = 10;
  private static final int BOTTOM = 38;
  private static final int MAX_DOTS = 40;

  /** A value after an epoch. */
  record Point(double epoch, double value) {}

  /**
   * A curve.
   *
   * @param colour which of the page's colours
   * @param reference a dashed level across the whole chart instead, the first point's
   */
  record Series(String name, int colour, List<Point> points, boolean reference) {}

  /** An epoch that a line across the chart points out, and what happens in it. */
  record Mark(double epoch, String name) {}

  private final String title;
  private final Unit unit;
  private final List<Series> series;
  private final Mark mark;
  private final Axis x;
  private final Axis y;

  LineChart(String title, Unit unit, List<Series> series) {
    this(title, unit, series, null);
  }

  /**
   * @param mark null for none
   */
  LineChart(String title, Unit unit, List<Series> series, Mark mark) {
    this.title = title;
    this.unit = unit;
    this.mark = mark;
    this.series = series.stream().filter(curve -> !curve.points.isEmpty()).toList();
    double first = epochs().min().orElse(1);
    double last = epochs().max().orElse(1);
    Axis rough = Axis.over(first, Math.max(last, first + 1), 6);
    double step = Math.max(1, rough.step());
    this.x = new Axis(first, Math.max(last, first + 1), step);
    double least = values().min().orElse(0);
    double most = values().max().orElse(1);
    this.y = Axis.over(least, most, 4);
  }

  boolean isEmpty() {
    return series.isEmpty();
  }

  private DoubleStream epochs() {
    return series.stream()
        .filter(curve -> !curve.reference)
        .flatMapToDouble(curve -> curve.points.stream().mapToDouble(Point::epoch));
  }

  private DoubleStream values() {
    return series.stream().flatMapToDouble(c -> c.points.stream().mapToDouble(Point::value));
  }

  void render(Html out) {
    out.raw("<figure class=\"chart\"><figcaption>").text(title).raw("</figcaption>");
    if (series.size() > 1 || mark != null) {
      legend(out);
    }
    out.raw("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDTH, HEIGHT)
        .text(title)
        .raw("\">");
    axes(out);
    mark(out);
    series.forEach(curve -> curve(out, curve));
    bands(out);
    out.raw("</svg></figure>\n");
  }

  private void legend(Html out) {
    out.raw("<ul class=\"legend\">");
    for (Series curve : series) {
      out.raw("<li><i class=\"%s c%d\"></i>", curve.reference ? "dash" : "line", curve.colour)
          .text(curve.name)
          .raw("</li>");
    }
    if (mark != null) {
      out.raw("<li><i class=\"dash c9\"></i>").text(mark.name).raw("</li>");
    }
    out.raw("</ul>");
  }

  private void mark(Html out) {
    if (mark != null) {
      out.raw(
          "<path class=\"curve dashed s9\" d=\"M%.1f %dV%d\"/>",
          x(mark.epoch), TOP, HEIGHT - BOTTOM);
    }
  }

  private void axes(Html out) {
    for (double tick : y.ticks()) {
      out.raw(
          "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" class=\"end\">",
          LEFT, y(tick), WIDTH - RIGHT, LEFT - 7, y(tick) + 4);
      out.text(unit.tick(tick)).raw("</text>");
    }
    for (double tick = firstTick(); tick <= x.high() + 1e-9; tick += x.step()) {
      out.raw("<text x=\"%.1f\" y=\"%d\" class=\"mid\">", x(tick), HEIGHT - BOTTOM + 17);
      out.text(Numbers.plain(tick)).raw("</text>");
    }
    out.raw(
        "<text x=\"%d\" y=\"%d\" class=\"mid muted\">epoch</text>",
        (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4);
  }

  private double firstTick() {
    return x.step() == 1 ? x.low() : Math.ceil(x.low() / x.step()) * x.step();
  }

  private void curve(Html out, Series curve) {
    if (curve.reference) {
      out.raw(
          "<path class=\"curve dashed s%d\" d=\"M%d %.1fH%d\"/>",
          curve.colour, LEFT, y(curve.points.get(0).value), WIDTH - RIGHT);
      return;
    }
    out.raw("<path class=\"curve s%d\" d=\"", curve.colour);
    String command = "M";
    for (Point point : curve.points) {
      out.raw("%s%.1f %.1f", command, x(point.epoch), y(point.value));
      command = "L";
    }
    out.raw("\"/>");
    if (curve.points.size() <= MAX_DOTS) {
      for (Point point : curve.points) {
        out.raw(
            "<circle class=\"f%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
            curve.colour, x(point.epoch), y(point.value));
      }
    }
  }

  /** An unseen column around every epoch, which tells its values. */
  private void bands(Html out) {
    List<Double> epochs = epochs().distinct().sorted().boxed().toList();
    for (int i = 0; i < epochs.size(); i++) {
      double epoch = epochs.get(i);
      double from = i == 0 ? LEFT : (x(epochs.get(i - 1)) + x(epoch)) / 2;
      double to = i == epochs.size() - 1 ? WIDTH - RIGHT : (x(epoch) + x(epochs.get(i + 1))) / 2;
      out.raw(
          "<rect class=\"band\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" data-tip=\"",
          from, TOP, Math.max(1, to - from), HEIGHT - TOP - BOTTOM);
      out.text("epoch " + Numbers.plain(epoch));
      if (mark != null && mark.epoch == epoch) {
        out.text(", " + mark.name);
      }
      for (Series curve : series) {
        values(curve, epoch).forEach(value -> out.text("\n" + curve.name + "  " + value));
      }
      out.raw("\"/>");
    }
  }

  private List<String> values(Series curve, double epoch) {
    List<String> values = new ArrayList<>();
    curve.points.stream()
        .filter(point -> curve.reference || point.epoch == epoch)
        .sorted(Comparator.comparingDouble(Point::epoch))
        .forEach(point -> values.add(unit.value(point.value)));
    return values;
  }

  private double x(double epoch) {
    return LEFT + x.place(epoch) * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    return TOP + (1 - y.place(value)) * (HEIGHT - TOP - BOTTOM);
  }
}
