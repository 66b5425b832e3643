package org.invp.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.foreign.ValueLayout.OfInt;
import java.lang.foreign.ValueLayout.OfLong;
import java.lang.foreign.ValueLayout.OfShort;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a shared library of ELF's 64-bit, little-endian kind says of symbol versions, such as {@code
 * GLIBC_2.34}: the dynamic linker refuses a library that needs one which the machine's lack.
 *
 * @param needed the versions it needs, by the name of the library that must have them
 * @param defined the versions it has
 */
record SymbolVersions(Map<String, Set<String>> needed, Set<String> defined) {
  private static final OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int MAGIC = 0x464c457f;
  private static final int SECTIONS_NEEDED = 0x6ffffffe;
  private static final int SECTIONS_DEFINED = 0x6ffffffd;

  /**
   * Reads the versions of a library.
   *
   * @throws IOException if it cannot be read or is no such file
   */
  static SymbolVersions of(Path library) throws IOException {
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(library)) {
      MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new Reader(file).read();
    } catch (IndexOutOfBoundsException e) {
      throw new IOException(library + " is no shared library, or damaged", e);
    }
  }

  /**
   * The versions that libraries need of others than each other, and that this machine's lack: one
   * text for each of the machine's that is too old. Files that cannot be read need nothing.
   */
  static List<String> missing(List<Path> libraries) {
    Map<String, Set<String>> needed = new TreeMap<>();
    for (Path library : libraries) {
      try {
        of(library)
            .needed
            .forEach(
                (file, versions) ->
                    needed.computeIfAbsent(file, f -> new LinkedHashSet<>()).addAll(versions));
      } catch (IOException e) {
        continue; // The loader says what is wrong with it.
      }
    }
    libraries.forEach(library -> needed.remove(library.getFileName().toString()));
    List<String> missing = new ArrayList<>();
    needed.forEach((file, versions) -> missing(file, versions).ifPresent(missing::add));
    return missing;
  }

  private static Optional<String> missing(String file, Set<String> versions) {
    Optional<Path> found = OpenLibraries.find(file);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try {
      Set<String> has = of(found.get()).defined;
      List<String> lacking =
          versions.stream().filter(v -> !has.contains(v)).sorted(SymbolVersions::compare).toList();
      return lacking.isEmpty()
          ? Optional.empty()
          : Optional.of(
              Text.format(
                  "%s, but this machine's %s goes up to %s",
                  lacking.getLast(), found.get(), newest(has, family(lacking.getLast()))));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The newest version of a family, for example {@code GLIBCXX}; or "none". */
  static String newest(Set<String> versions, String family) {
    return versions.stream()
        .filter(version -> family(version).equals(family) && version.matches(".*_[0-9.]+"))
        .max(SymbolVersions::compare)
        .orElse("none");
  }

  private static String family(String version) {
    int end = version.indexOf('_');
    return end < 0 ? version : version.substring(0, end);
  }

  /** Orders versions of one family by their numbers: 2.4 comes before 2.34. */
  static int compare(String one, String other) {
    String[] a = one.split("[._]", -1);
    String[] b = other.split("[._]", -1);
    for (int i = 0; i < Math.min(a.length, b.length); i++) {
      boolean numbers = a[i].matches("[0-9]{1,9}") && b[i].matches("[0-9]{1,9}");
      int order =
          numbers
              ? Integer.compare(Integer.parseInt(a[i]), Integer.parseInt(b[i]))
              : a[i].compareTo(b[i]);
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(a.length, b.length);
  }

  /** Walks the section table; offsets are those of {@code Elf64_Ehdr} and its like in elf.h. */
  private record Reader(MemorySegment file) {
    SymbolVersions read() throws IOException {
      if (file.get(INT, 0) != MAGIC) {
        throw new IOException("no ELF file");
      }
      Map<String, Set<String>> needed = new TreeMap<>();
      Set<String> defined = new LinkedHashSet<>();
      for (int i = 0; i < count(file.get(SHORT, 60)); i++) {
        MemorySegment section = section(i);
        switch (section.get(INT, 4)) {
          case SECTIONS_NEEDED -> readNeeded(section, needed);
          case SECTIONS_DEFINED -> readDefined(section, defined);
          default -> {}
        }
      }
      return new SymbolVersions(needed, defined);
    }

    private MemorySegment section(int index) {
      int size = count(file.get(SHORT, 58));
      return file.asSlice(file.get(LONG, 40) + (long) index * size, size);
    }

    private MemorySegment content(MemorySegment section) {
      return file.asSlice(section.get(LONG, 24), section.get(LONG, 32));
    }

    private MemorySegment texts(MemorySegment section) {
      return content(section(section.get(INT, 40)));
    }

    private void readNeeded(MemorySegment section, Map<String, Set<String>> needed) {
      MemorySegment content = content(section);
      MemorySegment texts = texts(section);
      long at = 0;
      for (int i = 0; i < section.get(INT, 44); i++) {
        Set<String> versions =
            needed.computeIfAbsent(
                texts.getString(content.get(INT, at + 4)), name -> new LinkedHashSet<>());
        long version = at + content.get(INT, at + 8);
        for (int n = 0; n < count(content.get(SHORT, at + 2)); n++) {
          versions.add(texts.getString(content.get(INT, version + 8)));
          version += content.get(INT, version + 12);
        }
        at += content.get(INT, at + 12);
      }
    }

    private void readDefined(MemorySegment section, Set<String> defined) {
      MemorySegment content = content(section);
      MemorySegment texts = texts(section);
      long at = 0;
      for (int i = 0; i < section.get(INT, 44); i++) {
        defined.add(texts.getString(content.get(INT, at + content.get(INT, at + 12))));
        at += content.get(INT, at + 16);
      }
    }

    private static int count(short unsigned) {
      return Short.toUnsignedInt(unsigned);
    }
  }
}
