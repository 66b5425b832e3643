package org.invp.data.sets;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.FormatOptions;
import org.invp.data.ImageFiles;
import org.invp.data.LeftOut;
import org.invp.data.Split;
import org.invp.internal.Text;

/**
 * Caltech-101 (Fei-Fei, Fergus, Perona, 2004): {@code 101_ObjectCategories/<class>/image_0001.jpg}.
 * It has no split of its own. Here, as in Kornblith, Shlens, Le, Do Better ImageNet Models Transfer
 * Better? (2019), appendix A: 30 images of each class for training and all others for testing, and
 * BACKGROUND_Google counts as a class (102 classes, 3,060 + 6,084 images). Which 30 is drawn at
 * random, for each class on its own: so far every paper drew its own. The other usage, 101 classes
 * and at most 50 test images each, is {@code background: false, test_per_class: 50}.
 */
public final class Caltech101 {
  private static final String OF = "Caltech-101";
  private static final String IMAGES = "101_ObjectCategories";
  private static final String BACKGROUND = "BACKGROUND_Google";

  private Caltech101() {}

  /**
   * Opens a split.
   *
   * @throws InvalidDataException if a folder is missing, or a class has too few images
   */
  public static FileDataset open(Path folder, Split split, FormatOptions.Caltech options) {
    Path root = Places.holding(folder, IMAGES, OF, "caltech-101", "caltech101").resolve(IMAGES);
    List<String> classes =
        ImageFiles.classFolders(root, new LeftOut()).stream()
            .filter(name -> options.background() || !name.equals(BACKGROUND))
            .toList();
    if (options.background() && !classes.contains(BACKGROUND)) {
      throw new InvalidDataException(
          Text.format(
              "%s: no such folder; data.background: false does without it",
              root.resolve(BACKGROUND)));
    }
    LabelledFiles files = new LabelledFiles(root);
    for (int label = 0; label < classes.size(); label++) {
      String name = classes.get(label);
      for (String image : part(root.resolve(name), split, options)) {
        files.add(name + "/" + image, label, root.toString());
      }
    }
    return files.dataset(classes, root);
  }

  private static List<String> part(Path folder, Split split, FormatOptions.Caltech options) {
    List<String> images = new ArrayList<>(ImageFiles.below(folder, new LeftOut()));
    int train = options.trainPerClass();
    if (images.size() <= train) {
      throw new InvalidDataException(
          Text.format(
              "%s: %d images, expected more than the %d of data.train_per_class",
              folder, images.size(), train));
    }
    // Java specifies both the generator and a text's hash code: the split is the same everywhere.
    long seed = 31 * options.splitSeed() + folder.getFileName().toString().hashCode();
    Collections.shuffle(images, new Random(seed));
    int most = options.testPerClass() == 0 ? images.size() : train + options.testPerClass();
    List<String> part =
        split == Split.TRAIN
            ? images.subList(0, train)
            : images.subList(train, Math.min(images.size(), most));
    return part.stream().sorted().toList();
  }
}
