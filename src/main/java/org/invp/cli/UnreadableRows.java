package org.invp.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import org.invp.data.ImageDataset;
import org.invp.eval.ReadImages;
import org.invp.internal.Text;

/** Says which rows of a file of embeddings stand for no image. */
final class UnreadableRows {
  private static final int SHOWN = 10;

  private UnreadableRows() {}

  /** Warns on one line, if there are such rows. */
  static void warn(PrintWriter err, ReadImages read, ImageDataset images) {
    if (!read.all()) {
      int[] rows = read.others();
      Errors.warn(
          err,
          Text.format(
              "%d of %d images could not be read; the rows that stand for none: %s",
              rows.length, images.size(), ranges(rows)));
    }
  }

  /** Ascending numbers, those that follow each other as one range; the first few of many. */
  static String ranges(int... rows) {
    List<String> ranges = new ArrayList<>();
    int start = 0;
    while (start < rows.length && ranges.size() < SHOWN) {
      int end = start;
      while (end + 1 < rows.length && rows[end + 1] == rows[end] + 1) {
        end++;
      }
      ranges.add(start == end ? "" + rows[start] : Text.format("%d-%d", rows[start], rows[end]));
      start = end + 1;
    }
    return String.join(", ", ranges) + (start < rows.length ? ", ..." : "");
  }
}
