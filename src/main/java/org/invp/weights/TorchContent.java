package org.invp.weights;

/**
 * What {@code torch.save} put into a file.
 *
 * @param root the object that was saved, as {@link PickleReader} gives it
 * @param resource what the storages' memory needs to stay open
 */
record TorchContent(Object root, AutoCloseable resource) {
  /** Closes the resource after a failure; there is nothing to be done if that fails too. */
  void close() {
    try {
      resource.close();
    } catch (Exception e) {
      // The failure that led here is the one to report.
    }
  }
}
