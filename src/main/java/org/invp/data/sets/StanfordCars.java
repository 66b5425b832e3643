package org.invp.data.sets;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.Split;
import org.invp.internal.Text;
import org.invp.io.MatFile;
import org.invp.io.MatStructs;

/**
 * Stanford Cars (Krause et al., 3D Object Representations for Fine-Grained Categorization, 2013),
 * in either of its layouts:
 *
 * <ul>
 *   <li>{@code devkit/} with {@code cars_meta.mat} and {@code cars_train_annos.mat}, {@code
 *       cars_test_annos_withlabels.mat} there or beside it, and {@code cars_train/}, {@code
 *       cars_test/};
 *   <li>{@code cars_annos.mat}, whose {@code test} is 1 for test images, and {@code car_ims/}.
 * </ul>
 *
 * <p>196 classes; the split is the authors': 8,144 and 8,041 images.
 */
public final class StanfordCars {
  private static final String OF = "Stanford Cars";
  private static final String NAMES = "class_names";
  private static final String IMAGES = "annotations";
  private static final String TEST_LABELS = "cars_test_annos_withlabels.mat";

  private StanfordCars() {}

  /**
   * Opens a split.
   *
   * @param folder holds one of the layouts, or {@code stanford_cars} with it
   * @throws InvalidDataException if a file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split) {
    Path nested = folder.resolve("stanford_cars");
    Path root = Files.isDirectory(nested) ? nested : folder;
    Path together = root.resolve("cars_annos.mat");
    return !Files.isDirectory(root.resolve("devkit")) && Files.exists(together)
        ? together(root, together, split)
        : apart(root, split);
  }

  private static FileDataset apart(Path root, Split split) {
    Path kit = root.resolve("devkit");
    Path meta = Places.first(OF, kit.resolve("cars_meta.mat"));
    Path list =
        split == Split.TRAIN
            ? Places.first(OF, kit.resolve("cars_train_annos.mat"))
            : Places.first(OF, kit.resolve(TEST_LABELS), root.resolve(TEST_LABELS));
    List<String> names;
    try (MatFile file = MatFile.read(meta, NAMES)) {
      names = file.texts(NAMES);
    }
    LabelledFiles files =
        new LabelledFiles(root.resolve(split == Split.TRAIN ? "cars_train" : "cars_test"));
    try (MatFile file = MatFile.read(list, IMAGES)) {
      MatStructs images = file.structs(IMAGES);
      for (int i = 0; i < images.size(); i++) {
        files.add(images.text(i, "fname"), label(images, i, names, list), list.toString());
      }
    }
    return files.dataset(names, list);
  }

  private static FileDataset together(Path root, Path list, Split split) {
    int wanted = split == Split.TRAIN ? 0 : 1;
    LabelledFiles files = new LabelledFiles(root);
    try (MatFile file = MatFile.read(list, NAMES, IMAGES)) {
      List<String> names = file.texts(NAMES);
      MatStructs images = file.structs(IMAGES);
      for (int i = 0; i < images.size(); i++) {
        if (images.integer(i, "test") == wanted) {
          int label = label(images, i, names, list);
          files.add(images.text(i, "relative_im_path"), label, list.toString());
        }
      }
      return files.dataset(names, list);
    }
  }

  private static int label(MatStructs images, int index, List<String> names, Path list) {
    int cls = images.integer(index, "class");
    if (cls < 1 || cls > names.size()) {
      throw new InvalidDataException(
          Text.format(
              "%s: class %d of image %d, expected 1 to %d", list, cls, index + 1, names.size()));
    }
    return cls - 1;
  }
}
