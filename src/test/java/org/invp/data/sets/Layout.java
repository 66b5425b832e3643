package org.invp.data.sets;

import static org.invp.data.Samples.fixture;
import static org.invp.data.Samples.write;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.invp.data.FileDataset;

/** Writes small copies of published layouts. */
final class Layout {
  private final Path folder;

  Layout(Path folder) {
    this.folder = folder;
  }

  Path at(String path) {
    return folder.resolve(path);
  }

  /** An image; which does not matter. */
  void image(String path) {
    write(at(path), fixture("luminance.jpg"));
  }

  void images(String... paths) {
    for (String path : paths) {
      image(path);
    }
  }

  void text(String path, String content) {
    write(at(path), content.getBytes(StandardCharsets.UTF_8));
  }

  void copy(String path, String fixture) {
    write(at(path), fixture("sets/" + fixture));
  }

  void delete(String path) {
    if (!at(path).toFile().delete()) {
      throw new IllegalStateException(path);
    }
  }

  /** The images' paths relative to a folder, with a slash on every system. */
  static String[] files(FileDataset dataset, Path root) {
    return IntStream.range(0, dataset.size())
        .mapToObj(i -> root.relativize(dataset.path(i)).toString().replace('\\', '/'))
        .toArray(String[]::new);
  }
}
