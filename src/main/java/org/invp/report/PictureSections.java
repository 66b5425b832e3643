package org.invp.report;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.invp.data.ImageDataset;
import org.invp.eval.Confusion;
import org.invp.eval.KnnResult;
import org.invp.internal.Text;

/** The sections that show images: walks, neighbours, the map, the confusion. */
final class PictureSections {
  private static final int MAX_MATRIX = 20;
  private static final int MAP = 640;

  private final Pictures pictures;
  private final Html out;

  PictureSections(Pictures pictures, Html out) {
    this.pictures = pictures;
    this.out = out;
  }

  /** What the walks found, hop by hop. */
  void walks() {
    out.raw("<section id=\"walk\"><h2>What the walk discovered</h2><p class=\"note\">");
    out.text(
            "From each anchor the walk follows the neighbour graph of the last checkpoint. "
                + (pictures.hasLabels()
                    ? "A red cross in the corner marks an image of another class, a blue corner"
                    : "A blue corner marks")
                + " one of the positives that the loss uses.")
        .raw("</p>");
    if (pictures.hasLabels()) {
      purity();
    }
    pictures.discoveries.forEach(this::discovery);
    out.raw("</section>\n");
  }

  /** How much of what was found has the anchor's class. */
  private void purity() {
    out.raw(
            "<div class=\"wide\"><table><thead><tr><th>%s walks</th>",
            Numbers.count(pictures.walks))
        .raw(
            "<th class=\"n\">found</th><th class=\"n\">of the anchor's"
                + " class</th></tr></thead><tbody>");
    for (int row = 0; row < pictures.purity.length; row++) {
      long[] counts = pictures.purity[row];
      String name =
          row == pictures.purity.length - 1
              ? "the positives that the loss uses"
              : row == 0 ? "after 1 hop" : Text.format("after %d hops", row + 1);
      out.element("<tr><td>", name, "</td>")
          .raw("<td class=\"n\">%s</td>", Numbers.count(counts[0]))
          .raw(
              "<td class=\"n\">%s</td></tr>",
              counts[0] == 0 ? "–" : Numbers.percent((double) counts[1] / counts[0]));
    }
    out.raw("</tbody></table></div>");
  }

  private void discovery(Pictures.Discovery discovery) {
    int label = discovery.anchor().label();
    out.raw("<div class=\"row\"><div class=\"head\">");
    tile(discovery.anchor(), "big", "");
    out.text(pictures.className(label)).raw("</div><div class=\"hops\">");
    for (int hop = 1; hop < pictures.purity.length; hop++) {
      int number = hop;
      int[] found =
          IntStream.range(0, discovery.found().size())
              .filter(i -> discovery.found().get(i).hop() == number)
              .toArray();
      if (found.length == 0) {
        continue;
      }
      out.raw("<div class=\"hop\"><span>%d %s</span><div>", hop, hop == 1 ? "hop" : "hops");
      for (int i : found) {
        Walk.Found one = discovery.found().get(i);
        Pictures.Tile shown = discovery.tiles().get(i);
        tile(
            shown,
            (wrong(shown, label) ? "wrong " : "") + (one.chosen() ? "hard" : ""),
            String.format(Locale.ROOT, "similarity %.3f", one.similarity())
                + (one.chosen() ? "\na positive of the loss" : ""));
      }
      out.raw("</div></div>");
    }
    out.raw("</div></div>\n");
  }

  /** The training images most similar to some test images. */
  void neighbours() {
    if (pictures.queries.isEmpty()) {
      return;
    }
    out.raw("<section id=\"neighbours\"><h2>Nearest neighbours</h2><p class=\"note\">");
    out.text(
            "Test images and the training images most similar to them."
                + (pictures.hasLabels()
                    ? " A red cross in the corner marks another class than the test image's."
                    : ""))
        .raw("</p><div class=\"queries\">");
    for (Pictures.Query query : pictures.queries) {
      int truth = query.image().label();
      out.raw("<div class=\"row\"><div class=\"head\">");
      tile(query.image(), "big", "");
      out.text(pictures.className(truth));
      if (query.predicted() != truth && truth != ImageDataset.UNLABELLED) {
        out.element("<em>", "taken for " + name(query.predicted()), "</em>");
      }
      out.raw("</div><div class=\"hops\"><div>");
      for (int i = 0; i < query.nearest().size(); i++) {
        Pictures.Tile shown = query.nearest().get(i);
        tile(
            shown,
            wrong(shown, truth) ? "wrong" : "",
            String.format(Locale.ROOT, "similarity %.3f", query.similarities().get(i)));
      }
      out.raw("</div></div></div>\n");
    }
    out.raw("</div></section>\n");
  }

  /** Of an image that nobody labelled nothing is known. */
  private static boolean wrong(Pictures.Tile tile, int label) {
    return tile.label() != label
        && tile.label() != ImageDataset.UNLABELLED
        && label != ImageDataset.UNLABELLED;
  }

  private void tile(Pictures.Tile tile, String kind, String more) {
    String name = pictures.name(tile);
    out.raw(
            "<i class=\"t %s\" role=\"img\" style=\"--x:%d;--y:%d\" aria-label=\"",
            kind, tile.tile() % Sprite.COLUMNS, tile.tile() / Sprite.COLUMNS)
        .text(more.isEmpty() ? name : name + "\n" + more)
        .raw("\"></i>");
  }

  /** The test images in the plane, one dot each. */
  void map() {
    if (pictures.map.isEmpty()) {
      return;
    }
    Axis x = range(pictures.map.stream().mapToDouble(Pictures.Place::x).toArray());
    Axis y = range(pictures.map.stream().mapToDouble(Pictures.Place::y).toArray());
    out.raw("<section id=\"map\"><h2>Map of the embeddings</h2><p class=\"note\">");
    out.text(
            Text.format(
                    "%s test images by t-SNE of their embeddings: neighbours stay neighbours,"
                        + " distances",
                    Numbers.count(pictures.map.size()))
                + " between groups mean little. Point at a dot to see its image"
                + (pictures.hasLabels() ? ", at a class to see it alone." : "."))
        .raw("</p><ul class=\"legend classes\">");
    int named = Math.min(pictures.classNames.size(), 2 * MAX_MATRIX);
    for (int label = 0; label < named; label++) {
      out.raw("<li data-class=\"%d\"><i class=\"box c%d\"></i>", label, label % 10)
          .text(pictures.classNames.get(label))
          .raw("</li>");
    }
    out.raw("</ul><svg id=\"dots\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", MAP, MAP)
        .raw("Map of the embeddings\">");
    for (Pictures.Place place : pictures.map) {
      Pictures.Tile tile = place.tile();
      out.raw(
              "<circle class=\"f%d\" data-class=\"%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\""
                  + " data-t=\"%d\" data-tip=\"",
              Math.floorMod(tile.label(), 10),
              tile.label(),
              10 + x.place(place.x()) * (MAP - 20),
              10 + y.place(place.y()) * (MAP - 20),
              tile.tile())
          .text(pictures.name(tile))
          .raw("\"/>");
    }
    out.raw("</svg></section>\n");
  }

  private static Axis range(double... values) {
    double low = IntStream.range(0, values.length).mapToDouble(i -> values[i]).min().orElse(0);
    double high = IntStream.range(0, values.length).mapToDouble(i -> values[i]).max().orElse(1);
    return new Axis(low, high > low ? high : low + 1, 1);
  }

  /** Which classes kNN takes for which. */
  void confusion() {
    if (pictures.confusion() == null) {
      return;
    }
    out.raw("<section id=\"confusion\"><h2>What kNN confuses</h2><p class=\"note\">");
    out.text(
            Text.format(
                "%s test images classified by the memory bank, as published.",
                Numbers.count(pictures.tested())))
        .raw("</p>");
    if (pictures.classNames.size() <= MAX_MATRIX) {
      matrix();
    } else {
      pairs();
    }
    out.raw("</section>\n");
  }

  private void matrix() {
    out.raw("<div class=\"wide\"><table class=\"matrix\"><thead><tr><th>shown ↓ taken for →</th>");
    pictures.classNames.forEach(name -> out.element("<th>", name, "</th>"));
    out.raw("</tr></thead><tbody>");
    int[][] counts = pictures.confusion().matrix(pictures.classNames.size());
    for (int truth = 0; truth < counts.length; truth++) {
      int[] row = counts[truth];
      int total = Math.max(1, pictures.confusion().images(truth));
      out.element("<tr><th>", pictures.classNames.get(truth), "</th>");
      for (int label = 0; label < row.length; label++) {
        double share = (double) row[label] / total;
        out.raw(
            "<td class=\"%s\" style=\"--v:%.3f\">%s</td>",
            label == truth ? "right" : "off",
            share,
            row[label] == 0 ? "" : Integer.toString(row[label]));
      }
      out.raw("</tr>");
    }
    out.raw("</tbody></table></div>");
  }

  private void pairs() {
    List<Confusion.Count> pairs =
        pictures.confusion().counts().stream()
            .filter(count -> count.truth() != count.predicted())
            .sorted(Comparator.comparingInt(Confusion.Count::images).reversed())
            .toList();
    int shown = Math.min(MAX_MATRIX, pairs.size());
    out.raw("<p class=\"note\">");
    out.text(
            Text.format(
                "Of %s classes, too many for a matrix: the %s most frequent of %s confusions.",
                Numbers.count(pictures.classNames.size()),
                Numbers.count(shown),
                Numbers.count(pairs.size())))
        .raw("</p>");
    out.raw("<div class=\"wide\"><table><thead><tr><th>shown</th><th>taken for</th>");
    out.raw("<th class=\"n\">images</th></tr></thead><tbody>");
    for (Confusion.Count pair : pairs.subList(0, shown)) {
      out.element("<tr><td>", name(pair.truth()), "</td>")
          .element("<td>", name(pair.predicted()), "</td>")
          .raw("<td class=\"n\">%d</td></tr>", pair.images());
    }
    out.raw("</tbody></table></div>");
  }

  private String name(int cls) {
    return cls == KnnResult.NO_CLASS
        ? "no class, since no neighbour is labelled"
        : pictures.classNames.get(cls);
  }
}
