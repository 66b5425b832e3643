package org.invp.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.invp.InvalidDataException;
import org.invp.data.FormatOptions.Folders.Labels;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * Where in one or several folders the images of a split lie, and whether the folders among them are
 * classes. The training images of a folder are those in its {@code train/}, the test images those
 * in its {@code val/}, else {@code test/}; of a folder that has none of the three all images are
 * training images.
 */
final class FolderLayout {
  private final List<Path> roots;
  private final Labels labels;

  /**
   * @param roots where to look, at least one
   * @throws InvalidDataException if one is missing, or lies in another
   */
  FolderLayout(List<Path> roots, Labels labels) {
    this.roots = roots;
    this.labels = labels;
    requireApart();
  }

  /** Opens a split, as {@link FolderDataset#open(List, Split, Labels)} says. */
  FolderDataset open(Split split) {
    LeftOut leftOut = new LeftOut();
    if (split == Split.TRAIN) {
      List<Path> places = training();
      return haveClasses(places)
          ? labelled(places, classes(places), leftOut)
          : judged(places, leftOut);
    }
    roots.forEach(FolderDataset::requireFolder);
    List<Path> places = evaluation();
    if (places.isEmpty()) {
      throw new NoTestSetException(
          Text.format("there is no test set: %s has no folder val/ or test/", named(roots)));
    }
    if (!haveClasses(places)) {
      return unlabelled(places, classNamesOfTraining(), leftOut);
    }
    List<String> names = classNamesOfTraining();
    if (names.isEmpty()) {
      return unlabelled(places, names, leftOut);
    }
    for (Path place : places) {
      for (String own : ImageFiles.classFolders(place, new LeftOut())) {
        if (!names.contains(own)) {
          throw new InvalidDataException(
              Text.format(
                  "%s: a class that %s does not have", place.resolve(own), named(training())));
        }
      }
    }
    return labelled(places, names, leftOut);
  }

  /** The classes that training images have, by which test images are labelled; perhaps none. */
  private List<String> classNamesOfTraining() {
    List<Path> places = training();
    if (places.stream().noneMatch(Files::isDirectory)) {
      return classes(evaluation()); // There is nothing but test images.
    }
    return haveClasses(places) ? classes(places) : judged(places, new LeftOut()).classNames();
  }

  /**
   * Whether folders are classes by what is known without a look at the images. Where a test set
   * repeats the folders of the training images, they can be nothing else.
   */
  private boolean haveClasses(List<Path> places) {
    return switch (labels) {
      case FOLDERS -> true;
      case NONE -> false;
      case AUTO -> haveFolders(places) && !evaluation().isEmpty() && haveFolders(evaluation());
    };
  }

  private static boolean haveFolders(List<Path> places) {
    return places.stream().filter(Files::isDirectory).allMatch(ImageFiles::hasFolders);
  }

  private List<Path> training() {
    return roots.stream()
        .map(root -> isDivided(root) ? root.resolve("train") : root)
        .filter(place -> roots.size() == 1 || Files.isDirectory(place))
        .toList();
  }

  private List<Path> evaluation() {
    return roots.stream()
        .flatMap(
            root -> Stream.of("val", "test").map(root::resolve).filter(Files::isDirectory).limit(1))
        .toList();
  }

  private static boolean isDivided(Path root) {
    return Stream.of("train", "val", "test")
        .anyMatch(name -> Files.isDirectory(root.resolve(name)));
  }

  private static List<String> classes(List<Path> places) {
    TreeSet<String> names = new TreeSet<>();
    places.forEach(place -> names.addAll(ImageFiles.classFolders(place, new LeftOut())));
    return List.copyOf(names);
  }

  /** Each folder is a class, with all images below it. */
  private FolderDataset labelled(List<Path> places, List<String> names, LeftOut leftOut) {
    FolderDataset.Builder images = new FolderDataset.Builder(places, names, leftOut);
    for (Path place : places) {
      ImageFiles.classFolders(place, leftOut); // Hears of hidden ones.
      images.addClasses(place);
    }
    return images.build();
  }

  private FolderDataset unlabelled(List<Path> places, List<String> names, LeftOut leftOut) {
    FolderDataset.Builder images = new FolderDataset.Builder(places, names, leftOut);
    for (Path place : places) {
      for (String image : ImageFiles.below(place, leftOut)) {
        images.add(place, image, ImageDataset.UNLABELLED);
      }
    }
    return images.build();
  }

  /**
   * Without a test set of folders they are classes only where the images say so: every one lies
   * directly in one of at least two folders. A collection that is flat or nested has other folders.
   */
  private FolderDataset judged(List<Path> places, LeftOut leftOut) {
    Map<Path, List<String>> found = new TreeMap<>(Comparator.comparingInt(places::indexOf));
    places.forEach(place -> found.put(place, ImageFiles.below(place, leftOut)));
    List<Path> images = found.values().stream().flatMap(List::stream).map(Path::of).toList();
    List<String> names =
        images.stream().map(image -> image.getName(0).toString()).distinct().sorted().toList();
    boolean classes =
        labels == Labels.AUTO
            && names.size() > 1
            && images.stream().allMatch(image -> image.getNameCount() == 2);
    FolderDataset.Builder builder =
        new FolderDataset.Builder(places, classes ? names : List.of(), leftOut);
    Map<String, Integer> positions =
        IntStream.range(0, names.size()).boxed().collect(Collectors.toMap(names::get, i -> i));
    found.forEach(
        (place, files) ->
            files.forEach(
                file ->
                    builder.add(
                        place,
                        file,
                        classes
                            ? positions.get(Path.of(file).getName(0).toString())
                            : ImageDataset.UNLABELLED)));
    return builder.build();
  }

  /** Images that two folders share would count twice. */
  private void requireApart() {
    if (roots.size() == 1) {
      return;
    }
    List<Path> real = new ArrayList<>();
    for (Path root : roots) {
      try {
        real.add(root.toRealPath());
      } catch (IOException e) {
        throw new InvalidDataException(root + ": " + IoErrors.reason(e), e);
      }
    }
    for (int inner = 0; inner < real.size(); inner++) {
      for (int outer = 0; outer < real.size(); outer++) {
        if (inner != outer && real.get(inner).startsWith(real.get(outer))) {
          throw new InvalidDataException(
              Text.format(
                  "data.path: %s lies in %s, so that its images would count twice",
                  roots.get(inner), roots.get(outer)));
        }
      }
    }
  }

  private static String named(List<Path> folders) {
    return folders.stream().map(Path::toString).collect(Collectors.joining(", "));
  }
}
