package org.invp.config;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonFormat.Feature;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.nio.file.Path;
import java.util.List;
import org.invp.data.DataFormat;
import org.invp.data.Decoding;
import org.invp.data.FormatOptions;
import org.invp.data.TrainingDivision.Draw;
import org.invp.internal.Text;

/**
 * Where the images are.
 *
 * @param format how they are stored
 * @param paths the folders that hold them, one but for {@link DataFormat#FOLDER}; relative ones
 *     count from the working directory
 * @param limit use only that many training images; 0 for all
 * @param workers threads that decode and augment; 0 for as many as there are processors. The images
 *     that come out do not depend on it
 * @param decode how much of a JPEG file is decoded for a training view; {@code scaled} is faster,
 *     {@code exact} gives torchvision's pixels
 * @param exif whether images are turned as their EXIF data says; {@code ignore} as published
 * @param onCorrupt what a file does that cannot be read
 * @param draw which images the limit leaves: a seeded sample that keeps the classes' shares, or the
 *     first ones
 * @param formatOptions settings that only this format has
 */
public record DataConfig(
    DataFormat format,
    @JsonProperty("path") @JsonFormat(with = Feature.WRITE_SINGLE_ELEM_ARRAYS_UNWRAPPED)
        List<String> paths,
    int limit,
    int workers,
    Decoding.Mode decode,
    Decoding.Exif exif,
    Decoding.OnCorrupt onCorrupt,
    Draw draw,
    @JsonUnwrapped FormatOptions formatOptions) {
  /** Checks what belongs together. */
  public DataConfig {
    paths = List.copyOf(paths);
    if (paths.size() > 1 && format != DataFormat.FOLDER) {
      throw new IllegalArgumentException(
          Text.format(
              "data.path is a list of %d folders, allowed: one; several with data.format: folder",
              paths.size()));
    }
  }

  static DataConfig read(Section section) {
    return section.build(DataConfig::from);
  }

  private static DataConfig from(Section section) {
    DataFormat format = section.choice("format", null, DataFormat.class);
    return new DataConfig(
        format,
        format == DataFormat.FOLDER ? section.texts("path") : List.of(section.text("path")),
        section.integer("limit", 0, Range.atLeast(0)),
        section.integer("workers", 0, Range.between(0, 1024)),
        section.choice("decode", Decoding.Mode.SCALED, Decoding.Mode.class),
        section.choice("exif", Decoding.Exif.IGNORE, Decoding.Exif.class),
        section.choice("on_corrupt", Decoding.OnCorrupt.FAIL, Decoding.OnCorrupt.class),
        section.choice("draw", Draw.SAMPLE, Draw.class),
        FormatSettings.read(section, format));
  }

  /** The first of the folders, in most formats the only one. */
  public String path() {
    return paths.get(0);
  }

  /** The folders that hold the images. */
  public List<Path> folders() {
    return paths.stream().map(Path::of).toList();
  }

  /**
   * How image files are decoded.
   *
   * @param mode how much of a JPEG file: {@code decode} for training views, {@code
   *     evaluation.decode} for all others
   */
  public Decoding decoding(Decoding.Mode mode) {
    return new Decoding(mode, exif, onCorrupt);
  }

  /** The number of worker threads, with 0 resolved. */
  public int resolvedWorkers() {
    return workers > 0 ? workers : Runtime.getRuntime().availableProcessors();
  }
}
