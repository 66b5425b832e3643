package org.invp.io;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.zip.ZipException;
import org.invp.InvalidDataException;
import org.invp.internal.NativeObjects;
import org.invp.internal.Text;
import us.hebi.matlab.mat.format.BufferAllocator;
import us.hebi.matlab.mat.format.Mat5;
import us.hebi.matlab.mat.format.Mat5File;
import us.hebi.matlab.mat.types.AbstractArray;
import us.hebi.matlab.mat.types.Array;
import us.hebi.matlab.mat.types.Cell;
import us.hebi.matlab.mat.types.Char;
import us.hebi.matlab.mat.types.MatFile.Entry;
import us.hebi.matlab.mat.types.MatlabType;
import us.hebi.matlab.mat.types.Matrix;
import us.hebi.matlab.mat.types.Struct;

/**
 * Some variables of a MATLAB file, versions 5 to 7.2, read by the MAT File Library. Elements count
 * in MATLAB's order, the first dimension fastest.
 *
 * <p>Not thread-safe. Its memory is released by {@link #close}.
 */
public final class MatFile implements AutoCloseable {
  /** Deflate cannot shrink data further than about 1 : 1032. */
  private static final long MAX_RATIO = 1032;

  private static final int ON_HEAP = 1 << 16;
  private static final int HEADER = 128;

  private final Path path;
  private final Mat5File content;
  private final Arena arena;

  private MatFile(Path path, Mat5File content, Arena arena) {
    this.path = path;
    this.content = content;
    this.arena = arena;
  }

  /**
   * Reads variables; others are passed over.
   *
   * @throws InvalidDataException if the file is missing, damaged or of another version, or has no
   *     such variable
   */
  public static MatFile read(Path path, String... variables) {
    Arena arena = NativeObjects.sharedArena();
    try {
      MatFile file = new MatFile(path, parse(path, Set.of(variables), arena), arena);
      for (String name : variables) {
        file.variable(name);
      }
      return file;
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static Mat5File parse(Path path, Set<String> variables, Arena arena) {
    try (InputStream in = open(path)) {
      refuseOtherVersions(path, in);
      long most = Math.max(1 << 20, Files.size(path) * MAX_RATIO);
      return Mat5.newReader(new MatSource(in, most))
          .setEntryFilter(header -> variables.contains(header.getName()))
          .setBufferAllocator(allocator(arena, most))
          .disableSubsystemProcessing()
          .readMat();
    } catch (IOException | RuntimeException | StackOverflowError e) {
      if (e instanceof InvalidDataException invalid) {
        throw invalid;
      }
      throw new InvalidDataException(path + ": not a whole MATLAB file: " + reason(e), e);
    } catch (OutOfMemoryError e) {
      throw new InvalidDataException(
          path + ": no memory for what its header asks for; is it damaged?", e);
    }
  }

  private static InputStream open(Path path) {
    try {
      return new BufferedInputStream(Files.newInputStream(path), ON_HEAP);
    } catch (IOException e) {
      throw new InvalidDataException(path + ": " + IoErrors.reason(e), e);
    }
  }

  private static void refuseOtherVersions(Path path, InputStream in) throws IOException {
    in.mark(HEADER);
    byte[] header = in.readNBytes(HEADER);
    in.reset();
    String text = new String(header, StandardCharsets.ISO_8859_1);
    if (text.startsWith("MATLAB 7.3") || text.startsWith("\u0089HDF")) {
      throw new InvalidDataException(
          path + ": a MATLAB file of version 7.3; save it with save(..., '-v7')");
    }
    if (header.length < HEADER || !(text.endsWith("IM") || text.endsWith("MI"))) {
      throw new InvalidDataException(
          path + ": not a MATLAB file of version 5 to 7.2, or cut short in its header");
    }
  }

  /** Small arrays go to the heap, large ones to memory that is released with the file. */
  private static BufferAllocator allocator(Arena arena, long most) {
    return new BufferAllocator() {
      @Override
      public ByteBuffer allocate(int bytes) {
        if (bytes < 0 || bytes > most) {
          throw new IllegalArgumentException(
              Text.format(
                  "an array of %d bytes, more than the file can hold",
                  Integer.toUnsignedLong(bytes)));
        }
        return bytes <= ON_HEAP
            ? ByteBuffer.allocate(bytes)
            : arena.allocate(bytes, 64).asByteBuffer();
      }

      @Override
      public void release(ByteBuffer buffer) {}
    };
  }

  private static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof EOFException) {
      return "it is cut short";
    }
    if (root instanceof ZipException zip) {
      return "damaged: " + IoErrors.reason(zip);
    }
    String text = root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    return text.replaceAll("\\s+", " ").strip();
  }

  private Array variable(String name) {
    for (Entry entry : content.getEntries()) {
      if (entry.getName().equals(name)) {
        return entry.getValue();
      }
    }
    throw new InvalidDataException(Text.format("%s: no variable %s in it", path, name));
  }

  private <T extends Array> T variable(String name, Class<T> type, String what) {
    Array value = variable(name);
    if (!type.isInstance(value)) {
      throw new InvalidDataException(
          Text.format("%s: %s is not %s but %s", path, name, what, value.getType()));
    }
    return type.cast(value);
  }

  /** The extents of a variable. */
  public int[] dimensions(String name) {
    return variable(name).getDimensions().clone();
  }

  /**
   * All elements of a numeric variable.
   *
   * @throws InvalidDataException if it is none, or an element is not a whole number of 32 bits
   */
  public int[] integers(String name) {
    Matrix matrix = variable(name, Matrix.class, "an array of numbers");
    return reading(
        name,
        () -> {
          int[] values = new int[elements(matrix)];
          for (int i = 0; i < values.length; i++) {
            values[i] = whole(matrix.getDouble(i));
          }
          return values;
        });
  }

  /**
   * Copies elements of a variable of unsigned bytes.
   *
   * @param from the first element
   */
  public void bytes(String name, long from, byte[] target) {
    Matrix matrix = variable(name, Matrix.class, "an array of numbers");
    if (matrix.getType() != MatlabType.UInt8) {
      throw new InvalidDataException(
          Text.format("%s: %s is of %s, expected uint8", path, name, matrix.getType()));
    }
    reading(
        name,
        () -> {
          int first = Math.toIntExact(from);
          for (int i = 0; i < target.length; i++) {
            target[i] = matrix.getByte(first + i);
          }
          return null;
        });
  }

  /** The texts of a cell array. */
  public List<String> texts(String name) {
    Cell cell = variable(name, Cell.class, "a cell array");
    return reading(
        name,
        () -> {
          List<String> texts = new ArrayList<>();
          for (int i = 0; i < elements(cell); i++) {
            texts.add(text(cell.get(i)));
          }
          return texts;
        });
  }

  /** A struct array. */
  public MatStructs structs(String name) {
    return new MatStructs(this, name, variable(name, Struct.class, "a struct array"));
  }

  static int elements(Array array) {
    return Math.toIntExact(AbstractArray.getNumElementsLong(array.getDimensions()));
  }

  static String text(Array value) {
    if (value instanceof Char text) {
      return elements(text) == 0 ? "" : text.getString();
    }
    throw new IllegalArgumentException("not a text but " + value.getType());
  }

  static int whole(double value) {
    if (value != (int) value) {
      throw new IllegalArgumentException(value + " is not a whole number of 32 bits");
    }
    return (int) value;
  }

  /** The library's own checks of damaged arrays are unchecked exceptions. */
  <T> T reading(String what, Supplier<T> reader) {
    try {
      return reader.get();
    } catch (IllegalArgumentException
        | ArithmeticException
        | ClassCastException
        | IndexOutOfBoundsException
        | NegativeArraySizeException e) {
      throw new InvalidDataException(Text.format("%s: %s: %s", path, what, reason(e)), e);
    }
  }

  /** Releases the memory; idempotent. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
