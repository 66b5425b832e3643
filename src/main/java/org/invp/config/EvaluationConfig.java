package org.invp.config;

import java.util.List;
import org.invp.data.Decoding;
import org.invp.internal.Text;

/**
 * How a representation is judged while it trains, and how an image is prepared for that.
 *
 * @param every epochs between kNN evaluations; 0 for only at the end
 * @param features what the training images are represented by during training
 * @param k neighbours that vote; 200 as published
 * @param sigma a neighbour of similarity s votes with e^(s / sigma); 0.07 as published
 * @param batchSize images per forward pass
 * @param resize the shorter side is resized to that many pixels; 0 to leave the size
 * @param crop the centre square that is cut out afterwards, in pixels
 * @param decode how much of a JPEG file is decoded for it, wherever images are judged, embedded or
 *     exported and where the bank is refreshed; {@code exact} gives torchvision's pixels
 * @param baselines whether kNN is also measured for the raw pixels and for the network before
 *     training, to compare with
 * @param alsoK further numbers of voters that the evaluations before and after training judge by,
 *     ascending, each at least 1; {@code k} alone decides the accuracy of an epoch and the best
 *     checkpoint
 * @param split the images that epochs and the best checkpoint are judged on
 * @param heldOut how many training images are held out of training; 0 unless the split is {@link
 *     Split#HELD_OUT}
 */
public record EvaluationConfig(
    int every,
    Features features,
    int k,
    double sigma,
    int batchSize,
    int resize,
    int crop,
    Decoding.Mode decode,
    boolean baselines,
    List<Integer> alsoK,
    Split split,
    int heldOut) {

  /** What the training images are represented by. */
  public enum Features {
    /** Their rows of the memory bank, as published: no pass over the training images. */
    BANK,
    /** Embeddings computed anew by the network, without augmentation. */
    RECOMPUTED
  }

  /** The images that epochs and the best checkpoint are judged on. */
  public enum Split {
    /** The test set, as published. */
    TEST,
    /**
     * Training images that the network never learns from, a seeded sample that keeps the classes'
     * shares. The test set is read once, when the run is complete.
     */
    HELD_OUT
  }

  /** Checks what belongs together. */
  public EvaluationConfig {
    if (resize > 0 && resize < crop) {
      throw new IllegalArgumentException(
          Text.format(
              "evaluation.resize is %d, allowed: 0 or at least evaluation.crop = %d",
              resize, crop));
    }
    if ((split == Split.HELD_OUT) != (heldOut > 0)) {
      throw new IllegalArgumentException(
          Text.format(
              "evaluation.held_out is %d, allowed: at least 1 with evaluation.split: held-out, else"
                  + " 0",
              heldOut));
    }
  }

  static EvaluationConfig read(Section section) {
    return section.build(
        s ->
            new EvaluationConfig(
                s.integer("every", 1, Range.atLeast(0)),
                s.choice("features", Features.BANK, Features.class),
                s.integer("k", 200, Range.atLeast(1)),
                s.number("sigma", 0.07, Range.POSITIVE),
                s.integer("batch_size", 256, Range.between(1, 65536)),
                s.integer("resize", 256, Range.between(0, 8192)),
                s.integer("crop", 224, Range.between(1, 8192)),
                s.choice("decode", Decoding.Mode.EXACT, Decoding.Mode.class),
                s.flag("baselines", true),
                s.ascending("also_k", List.of(1, 5, 20)),
                s.choice("split", Split.TEST, Split.class),
                s.integer("held_out", 0, Range.atLeast(0))));
  }
}
