package org.invp.train;

import java.util.ArrayDeque;
import java.util.Deque;

/** Closes what a constructor has made so far when a later part of it fails, the newest first. */
final class Cleanup implements AutoCloseable {
  private final Deque<AutoCloseable> made = new ArrayDeque<>();

  <T extends AutoCloseable> T add(T resource) {
    made.push(resource);
    return resource;
  }

  @Override
  public void close() {
    while (!made.isEmpty()) {
      try {
        made.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("could not close a resource", e);
      }
    }
  }
}
