package org.invp.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.invp.internal.Text;

/**
 * Images in files of their own, each with a label. Files are decoded when they are read, so that
 * one that vanished or is damaged is an error then, naming it. Colour or gray, all count as colour.
 */
public class FileDataset implements ImageDataset {
  private final Path root;
  private final List<String> classNames;
  private final String[] files;
  private final int[] labels;
  private final UnreadableImages unreadable = new UnreadableImages();

  /**
   * @param root the folder that paths count from
   * @param classNames a label is a position in this list
   * @param files the images' paths
   * @param labels one per file
   */
  public FileDataset(Path root, List<String> classNames, List<String> files, int[] labels) {
    if (labels.length != files.size()) {
      throw new IllegalArgumentException(
          Text.format("%d labels for %d files", labels.length, files.size()));
    }
    this.root = root;
    this.classNames = List.copyOf(classNames);
    this.files = files.toArray(String[]::new);
    this.labels = labels.clone();
  }

  /** The file of an image. */
  public final Path path(int index) {
    return root.resolve(files[index]);
  }

  @Override
  public final Optional<Path> root() {
    return Optional.of(root);
  }

  @Override
  public final int size() {
    return files.length;
  }

  @Override
  public final int channels() {
    return 3;
  }

  @Override
  public final int imageHeight() {
    return 0;
  }

  @Override
  public final int imageWidth() {
    return 0;
  }

  @Override
  public final List<String> classNames() {
    return classNames;
  }

  @Override
  public final int label(int index) {
    return labels[index];
  }

  @Override
  public final String describe(int index) {
    return path(index).toString();
  }

  @Override
  public final void read(int index, ImageBuffer buffer) {
    ImageFile.read(path(index), buffer);
  }

  @Override
  public final void noteUnreadable(int index, String reason) {
    unreadable.add(index, reason);
  }

  @Override
  public final boolean isUnreadable(int index) {
    return unreadable.contains(index);
  }

  /** Nothing is held open. */
  @Override
  public final void close() {}
}
