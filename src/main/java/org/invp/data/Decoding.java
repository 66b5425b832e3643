package org.invp.data;

/**
 * How image files are decoded, and what becomes of one that cannot be. Without effect on data sets
 * that hold plain pixels.
 *
 * @param mode how much of a JPEG file is decoded
 * @param exif what becomes of the orientation in a JPEG file's EXIF data
 * @param onCorrupt what a file does that is missing, damaged, of an unknown type or too small for
 *     its view
 */
public record Decoding(Mode mode, Exif exif, OnCorrupt onCorrupt) {
  /** Every pixel, as stored, of every file. */
  public static final Decoding EXACT = new Decoding(Mode.EXACT, Exif.IGNORE, OnCorrupt.FAIL);

  /** How much of a JPEG file is decoded. */
  public enum Mode {
    /** The rows and columns that a view reads, at the smallest DCT scale that gives its pixels. */
    SCALED,
    /** The whole file at full size. */
    EXACT
  }

  /** What becomes of an orientation in the file. */
  public enum Exif {
    /** Nothing, as in torchvision's ImageFolder. */
    IGNORE,
    /** The image is turned upright first, as by Pillow's {@code exif_transpose}. */
    APPLY
  }

  /** What an unreadable image does. */
  public enum OnCorrupt {
    /** It ends the run, in one line that names it. */
    FAIL,
    /**
     * It is named in the log once and counted. Batches are made without it, those of evaluations
     * too.
     */
    SKIP
  }

  /** Whether images that cannot be read are passed over. */
  public boolean skips() {
    return onCorrupt == OnCorrupt.SKIP;
  }
}
