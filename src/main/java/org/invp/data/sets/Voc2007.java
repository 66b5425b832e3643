package org.invp.data.sets;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.MultiLabelDataset;
import org.invp.data.Split;
import org.invp.data.sets.TextLines.Line;

/**
 * Pascal VOC 2007, classification (Everingham et al., The PASCAL Visual Object Classes Challenge
 * 2007): {@code VOCdevkit/VOC2007/} with {@code ImageSets/Main/}, {@code Annotations/} and {@code
 * JPEGImages/}; {@code trainval} for training, {@code test} (an archive of its own) for testing. An
 * image shows a class if one of its objects is of that class and not difficult, as the lists {@code
 * ImageSets/Main/<class>_trainval.txt} count (1 present, 0 difficult, -1 absent). The single label
 * is the first class that it shows.
 */
public final class Voc2007 extends FileDataset implements MultiLabelDataset {
  /** The twenty classes, by label. */
  public static final List<String> CLASSES =
      List.of(
          "aeroplane",
          "bicycle",
          "bird",
          "boat",
          "bottle",
          "bus",
          "car",
          "cat",
          "chair",
          "cow",
          "diningtable",
          "dog",
          "horse",
          "motorbike",
          "person",
          "pottedplant",
          "sheep",
          "sofa",
          "train",
          "tvmonitor");

  private static final String OF = "Pascal VOC 2007";

  private final Target[][] targets;

  private Voc2007(Path root, LabelledFiles files, Target[][] targets) {
    super(root, CLASSES, files.files(), files.labels());
    this.targets = targets;
  }

  /**
   * Opens a split.
   *
   * @param folder holds {@code VOCdevkit/VOC2007} or {@code VOC2007}, or is that folder itself
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static Voc2007 open(Path folder, Split split) {
    String list = "ImageSets/Main/" + (split == Split.TRAIN ? "trainval.txt" : "test.txt");
    Path root = Places.holding(folder, list, OF, "VOCdevkit/VOC2007", "VOC2007");
    List<Line> lines = TextLines.read(root.resolve(list), OF);
    LabelledFiles files = new LabelledFiles(root);
    Target[][] targets = new Target[lines.size()][];
    for (int i = 0; i < targets.length; i++) {
      String name = lines.get(i).words()[0];
      if (!name.matches("\\w+")) {
        throw lines.get(i).wrong("the number of an image");
      }
      Path annotation = root.resolve("Annotations").resolve(name + ".xml");
      targets[i] = VocAnnotation.read(annotation, CLASSES);
      files.add("JPEGImages/" + name + ".jpg", first(targets[i], annotation), lines.get(i).place());
    }
    files.check(root.resolve(list));
    return new Voc2007(root, files, targets);
  }

  private static int first(Target[] targets, Path annotation) {
    List<Target> shown = Arrays.asList(targets);
    int present = shown.indexOf(Target.PRESENT);
    int label = present >= 0 ? present : shown.indexOf(Target.DIFFICULT);
    if (label < 0) {
      throw new InvalidDataException(annotation + ": no object in it");
    }
    return label;
  }

  @Override
  public Target target(int image, int cls) {
    return targets[image][cls];
  }
}
