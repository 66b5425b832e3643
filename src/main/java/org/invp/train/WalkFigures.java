package org.invp.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * What the walk finds and how good the bank is that it walks over, at the start of an epoch; means
 * over a sample of anchors, null where there is nothing to take a mean of. {@link EpochMetrics}
 * tells what each is.
 */
record WalkFigures(
    Double size,
    Double right,
    Double positivesRight,
    Double easiestRight,
    Double similarity,
    Double beyondNearest,
    Double classCovered,
    Double staleness,
    Double graphAgreement) {
  /** Before an epoch was looked at. */
  static final WalkFigures NONE =
      new WalkFigures(null, null, null, null, null, null, null, null, null);

  private static final String PREFIX = "totals.walk.";

  /** Whether an epoch was looked at: walks have a size, be it 0. */
  boolean measured() {
    return size != null;
  }

  /** The figures as text that reads back to the same bits. */
  Map<String, String> toMetadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    BiConsumer<String, Double> put =
        (name, value) -> {
          if (value != null) {
            metadata.put(PREFIX + name, value.toString());
          }
        };
    put.accept("size", size);
    put.accept("right", right);
    put.accept("positives_right", positivesRight);
    put.accept("easiest_right", easiestRight);
    put.accept("similarity", similarity);
    put.accept("beyond_nearest", beyondNearest);
    put.accept("class_covered", classCovered);
    put.accept("staleness", staleness);
    put.accept("graph_agreement", graphAgreement);
    return metadata;
  }

  /** Reads what {@link #toMetadata} wrote; {@link #NONE} from an older checkpoint. */
  static WalkFigures from(Map<String, String> metadata) {
    return new WalkFigures(
        figure(metadata, "size"),
        figure(metadata, "right"),
        figure(metadata, "positives_right"),
        figure(metadata, "easiest_right"),
        figure(metadata, "similarity"),
        figure(metadata, "beyond_nearest"),
        figure(metadata, "class_covered"),
        figure(metadata, "staleness"),
        figure(metadata, "graph_agreement"));
  }

  private static Double figure(Map<String, String> metadata, String name) {
    String text = metadata.get(PREFIX + name);
    try {
      return text == null ? null : Double.valueOf(text);
    } catch (NumberFormatException e) {
      throw new InvalidDataException(
          Text.format("the checkpoint's %s%s is %s, not a number", PREFIX, name, text), e);
    }
  }
}
