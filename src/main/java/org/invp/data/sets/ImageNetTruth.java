package org.invp.data.sets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.invp.InvalidDataException;
import org.invp.data.sets.TextLines.Line;
import org.invp.internal.Text;
import org.invp.io.MatFile;
import org.invp.io.MatStructs;

/**
 * The classes of ImageNet's validation images when they all lie in one folder. Three lists are in
 * use, told apart by their content:
 *
 * <ul>
 *   <li>{@code val.txt} of Caffe's {@code caffe_ilsvrc12.tar.gz}: a file's name and the rank of its
 *       WordNet id, from 0 ({@code ILSVRC2012_val_00000001.JPEG 65}), or that id itself;
 *   <li>{@code LOC_val_solution.csv} of Kaggle's copy: {@code ImageId,PredictionString}, the latter
 *       beginning with the WordNet id;
 *   <li>{@code ILSVRC2012_validation_ground_truth.txt} of the development kit: line i is the {@code
 *       ILSVRC2012_ID} of image i, which {@code meta.mat} beside it ties to a WordNet id.
 * </ul>
 */
final class ImageNetTruth {
  private static final String OF = "ImageNet: which class each image of val/ shows";
  private static final String KIT = "ILSVRC2012_validation_ground_truth.txt";

  private ImageNetTruth() {}

  /** An image of the validation folder. */
  record Labelled(String file, String wnid, String source) {}

  /**
   * Reads a list.
   *
   * @param name the list's file, or null to look for the usual ones
   * @param wnids all classes, sorted
   */
  static List<Labelled> read(Path folder, String name, List<String> wnids) {
    Path file =
        name != null
            ? folder.resolve(name)
            : Places.first(
                OF,
                folder.resolve("LOC_val_solution.csv"),
                folder.resolve("ILSVRC2012_devkit_t12/data/" + KIT),
                folder.resolve(KIT),
                folder.resolve("val.txt"));
    List<Line> lines = TextLines.read(file, OF);
    String first = lines.get(0).text();
    List<Labelled> images;
    if (first.startsWith("ImageId,")) {
      images = lines.stream().skip(1).map(ImageNetTruth::ofKaggle).toList();
    } else if (first.matches("\\d+")) {
      images = ofTheKit(lines, file.resolveSibling("meta.mat"));
    } else {
      images = lines.stream().map(line -> ofCaffe(line, wnids)).toList();
    }
    refuseUnknown(images, Set.copyOf(wnids));
    return images;
  }

  private static Labelled ofKaggle(Line line) {
    String[] columns = line.text().split(",", 2);
    if (columns.length < 2) {
      throw line.wrong("an image and what it shows, separated by a comma");
    }
    return new Labelled(columns[0] + ".JPEG", columns[1].strip().split(" ")[0], line.place());
  }

  private static Labelled ofCaffe(Line line, List<String> wnids) {
    String[] words = line.words(2, "an image's name and its class");
    boolean id = wnids.contains(words[1]);
    String wnid =
        id
            ? words[1]
            : wnids.get(line.integer(words[1], 0, wnids.size() - 1, "a name and a class,"));
    return new Labelled(words[0], wnid, line.place());
  }

  private static List<Labelled> ofTheKit(List<Line> lines, Path metaFile) {
    Map<Integer, String> wnids = new HashMap<>();
    try (MatFile meta = MatFile.read(metaFile, "synsets")) {
      MatStructs synsets = meta.structs("synsets");
      for (int i = 0; i < synsets.size(); i++) {
        wnids.put(synsets.integer(i, "ILSVRC2012_ID"), synsets.text(i, "WNID"));
      }
    }
    List<Labelled> images = new ArrayList<>();
    for (Line line : lines) {
      String wnid = wnids.get(line.integer(line.text(), 1, Integer.MAX_VALUE, "a class,"));
      if (wnid == null) {
        throw line.wrong("an ILSVRC2012_ID of " + metaFile);
      }
      String file = Text.format("ILSVRC2012_val_%08d.JPEG", images.size() + 1);
      images.add(new Labelled(file, wnid, line.place()));
    }
    return images;
  }

  private static void refuseUnknown(List<Labelled> images, Set<String> wnids) {
    for (Labelled image : images) {
      if (!wnids.contains(image.wnid())) {
        throw new InvalidDataException(
            Text.format(
                "%s: class %s, which train/ has no folder of", image.source(), image.wnid()));
      }
    }
  }
}
