package org.invp.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** The files that the images of a data set come from, one after another. */
final class FileParts {
  private final List<Path> files;
  private final List<Integer> starts = new ArrayList<>();

  /**
   * @param images how many a file holds
   */
  FileParts(List<Path> files, ToIntFunction<Path> images) {
    this.files = files;
    starts.add(0);
    for (Path file : files) {
      starts.add(Math.addExact(count(), images.applyAsInt(file)));
    }
  }

  /** All images. */
  int count() {
    return starts.get(starts.size() - 1);
  }

  /** The first image of a file, counted over all files; of the one after the last: all images. */
  int start(int file) {
    return starts.get(file);
  }

  /** An image by its place in its file. */
  String describe(int index) {
    int file = 0;
    while (index >= start(file + 1)) {
      file++;
    }
    return "image " + (index - start(file)) + " of " + files.get(file);
  }
}
