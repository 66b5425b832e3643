package org.invp.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Counts what lives outside the Java heap and must be closed: shared arenas and the handles of
 * native objects. Whoever makes a handle reports it here, and reports it again when it has ended;
 * tests hold every count to what it was. Thread-safe.
 */
public final class NativeObjects {
  private static final Map<String, Long> ALIVE = new ConcurrentHashMap<>();

  private NativeObjects() {}

  /** A shared arena that is counted until it is closed. */
  public static Arena sharedArena() {
    return new CountedArena(Arena.ofShared());
  }

  /**
   * Counts a handle.
   *
   * @param kind for example {@code network}
   */
  public static void opened(String kind) {
    ALIVE.merge(kind, 1L, Long::sum);
  }

  /** Counts the end of a handle; once for each. */
  public static void closed(String kind) {
    ALIVE.merge(kind, -1L, Long::sum);
  }

  /** How many of each kind there are now; kinds without any are left out. */
  public static Map<String, Long> alive() {
    Map<String, Long> counts = new TreeMap<>(ALIVE);
    counts.values().removeIf(count -> count == 0);
    return counts;
  }

  /** An arena closes once only, so every count goes up and down once. */
  private record CountedArena(Arena arena) implements Arena {
    private static final String KIND = "arena";

    CountedArena {
      opened(KIND);
    }

    @Override
    public MemorySegment allocate(long bytes, long alignment) {
      return arena.allocate(bytes, alignment);
    }

    @Override
    public MemorySegment.Scope scope() {
      return arena.scope();
    }

    @Override
    public void close() {
      arena.close();
      closed(KIND);
    }
  }
}
