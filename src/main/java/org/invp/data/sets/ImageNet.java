package org.invp.data.sets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.data.FileDataset;
import org.invp.data.FolderDataset;
import org.invp.data.FormatOptions;
import org.invp.data.ImageFiles;
import org.invp.data.LeftOut;
import org.invp.data.Split;
import org.invp.data.sets.ImageNetTruth.Labelled;
import org.invp.data.sets.TextLines.Line;
import org.invp.io.IoErrors;

/**
 * ImageNet (ILSVRC 2012): {@code train/<wnid>/*.JPEG}, and {@code val/} with the same folders or,
 * as the archive {@code ILSVRC2012_img_val.tar} unpacks, with all images in one, labelled by a list
 * of the ground truth. A class file chooses classes, one WordNet id at the start of each line: so
 * ImageNet-100 is defined (Tian, Krishnan, Isola, Contrastive Multiview Coding, 2020). A class's
 * label is the rank of its WordNet id among those chosen, as torchvision's ImageFolder counts.
 */
public final class ImageNet {
  private static final String VALIDATION = "val";

  private ImageNet() {}

  /**
   * Opens a split.
   *
   * @throws InvalidDataException if a folder or file is missing or wrong, naming it
   */
  public static FileDataset open(Path folder, Split split, FormatOptions.ImageNet options) {
    Path val = folder.resolve(VALIDATION);
    boolean flat = split == Split.TEST && isFlat(val);
    if (options.classesFile() == null && !flat) {
      return FolderDataset.open(folder, split);
    }
    List<String> all = ImageFiles.classFolders(folder.resolve("train"), new LeftOut());
    List<String> chosen =
        options.classesFile() == null ? all : choose(folder, options.classesFile(), all);
    return flat
        ? flat(val, chosen, ImageNetTruth.read(folder, options.testList(), all))
        : FolderDataset.open(folder, split, chosen);
  }

  /** Whether a folder holds images instead of folders. */
  private static boolean isFlat(Path val) {
    if (!Files.isDirectory(val)) {
      return false;
    }
    try (Stream<Path> entries = Files.list(val)) {
      return entries.noneMatch(Files::isDirectory);
    } catch (IOException e) {
      throw new InvalidDataException(val + ": " + IoErrors.reason(e), e);
    }
  }

  /** The classes of a file, sorted; each must be a folder of the training images. */
  static List<String> choose(Path folder, String file, List<String> all) {
    TreeSet<String> chosen = new TreeSet<>();
    for (Line line : ClassList.read(folder, file)) {
      String name = line.words()[0];
      if (!all.contains(name)) {
        throw line.wrong("a class: a folder of " + folder.resolve("train"));
      }
      chosen.add(name);
    }
    return List.copyOf(chosen);
  }

  private static FileDataset flat(Path val, List<String> chosen, List<Labelled> truth) {
    Map<String, Integer> labels = new HashMap<>();
    for (int label = 0; label < chosen.size(); label++) {
      labels.put(chosen.get(label), label);
    }
    LabelledFiles files = new LabelledFiles(val);
    for (Labelled image : truth) {
      Integer label = labels.get(image.wnid());
      if (label != null) {
        files.add(image.file(), label, image.source());
      }
    }
    return files.dataset(chosen, val);
  }
}
