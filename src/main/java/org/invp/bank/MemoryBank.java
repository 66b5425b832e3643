package org.invp.bank;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.Npy;
import org.invp.io.OwnFiles;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.tensor.Memory;
import org.invp.tensor.Workspace;

/**
 * One embedding per image, and the exact search for the most similar ones.
 *
 * <p>The bank owns its memory (4 N D bytes outside the heap, where its engine works) until {@link
 * #close}; it does not own its engine. Searches may run from any thread; writing rows while another
 * thread searches gives that search old or new values of the rows written.
 */
public final class MemoryBank implements AutoCloseable {
  private final BankEngine engine;
  private final FloatTensor embeddings;

  /** Which file the rows are in, to be written; null for rows in memory. */
  private final Object mappedFile;

  private MemoryBank(BankEngine engine, FloatTensor embeddings, Object mappedFile) {
    this.engine = engine;
    this.embeddings = embeddings;
    this.mappedFile = mappedFile;
  }

  /**
   * A bank of zeros.
   *
   * @param rows N, 1 to 2^31 - 1
   * @param dimension D, at least 1
   * @param engine does the work; must stay open as long as the bank is used
   */
  public static MemoryBank create(int rows, int dimension, BankEngine engine) {
    Shapes.extent("rows", rows);
    Shapes.extent("dimension", dimension);
    return new MemoryBank(engine, engine.allocateFloats(rows, dimension), null);
  }

  /**
   * A bank over a float32 {@code .npy} file of shape [N, D], as {@link #save} or NumPy wrote it,
   * without reading it in: the operating system fetches what is searched. While it is mapped no
   * other process may shorten the file. An engine with a memory of its own reads the file into it.
   *
   * @param writable whether {@link #set} and {@link #update} reach the file; not on such an engine
   * @throws org.invp.InvalidDataException if the file holds anything else, or a value that is not
   *     finite
   */
  public static MemoryBank map(Path file, boolean writable, BankEngine engine) {
    FloatTensor embeddings = Npy.map(file, writable);
    try {
      long[] shape = embeddings.shape();
      if (shape.length != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > Integer.MAX_VALUE) {
        throw new InvalidDataException(
            file + ": an array of shape " + Arrays.toString(shape) + ", needs [rows, dimension]");
      }
      if (engine.memory() != Memory.HOST) {
        return load(embeddings, writable, engine);
      }
      engine.checkFinite(embeddings);
      return new MemoryBank(engine, embeddings, writable ? OwnFiles.identity(file) : null);
    } catch (RuntimeException e) {
      embeddings.close();
      throw e;
    }
  }

  private static MemoryBank load(FloatTensor mapped, boolean writable, BankEngine engine) {
    if (writable) {
      throw new IllegalArgumentException(
          Text.format("a bank on %s cannot write to a mapped file", engine.memory().name()));
    }
    MemoryBank bank = create((int) mapped.shape(0), (int) mapped.shape(1), engine);
    try {
      bank.embeddings.copyFrom(mapped);
      engine.checkFinite(bank.embeddings);
      mapped.close();
      return bank;
    } catch (RuntimeException e) {
      bank.close();
      throw e;
    }
  }

  /**
   * Writes the bank as a float32 {@code .npy} file of shape [N, D], whole or not at all. A bank
   * that is mapped from that very file, writable, is already there: what was changed is brought to
   * the disk, and the bank stays mapped.
   */
  public void save(Path file) {
    if (mappedFile != null && mappedFile.equals(OwnFiles.identity(file))) {
      embeddings.segment().force();
      return;
    }
    try (FloatTensor rows = embeddings.onHost()) {
      Npy.write(file, rows);
    }
  }

  /** N, the number of embeddings. */
  public int rows() {
    return (int) embeddings.shape(0);
  }

  /** D, the length of an embedding. */
  public int dimension() {
    return (int) embeddings.shape(1);
  }

  /** The bank itself, [N, D], in the engine's memory; owned by the bank. */
  public FloatTensor embeddings() {
    return embeddings;
  }

  /** The engine that searches the bank. */
  public BankEngine engine() {
    return engine;
  }

  /** Fills the bank uniformly in +-1/sqrt(D/3), the published start, from the seed alone. */
  public void fillRandom(long seed) {
    engine.fillRandom(embeddings, seed);
  }

  /**
   * Fills a shard's rows as {@link #fillRandom(long)} fills them in a bank that is whole.
   *
   * @param shard which rows these are
   */
  public void fillRandom(Shard shard, long seed) {
    fill(rows -> engine.shard(shard).fillRandom(rows, seed));
  }

  /**
   * Replaces all rows by what {@code writer} writes to a tensor [N, D] on the host: the bank itself
   * where it lies there, otherwise a copy that is brought to it afterwards.
   */
  public void fill(Consumer<FloatTensor> writer) {
    try (FloatTensor rows = embeddings.onHost()) {
      writer.accept(rows);
      embeddings.copyFrom(rows);
    }
  }

  /**
   * Copies an embedding into a row.
   *
   * @param row 0 to N - 1
   * @param embedding D finite values
   */
  public void set(int row, float... embedding) {
    if (row < 0 || row >= rows()) {
      throw new IllegalArgumentException("row " + row + ", allowed: 0 to " + (rows() - 1));
    }
    if (embedding.length != dimension()) {
      throw new IllegalArgumentException(
          embedding.length + " values for an embedding of dimension " + dimension());
    }
    for (int d = 0; d < embedding.length; d++) {
      if (!Float.isFinite(embedding[d])) {
        throw new IllegalArgumentException(
            "value " + d + " of the embedding for row " + row + " is " + embedding[d]);
      }
    }
    embeddings.slice(row, row + 1L).copyFrom(embedding);
  }

  /** A copy of a row. */
  public float[] get(int row) {
    return embeddings.slice(row, row + 1L).toArray();
  }

  /**
   * The {@code count} most similar rows of one query, exactly.
   *
   * @param query D finite values
   * @param count 1 to N
   */
  public Neighbours nearest(float[] query, int count) {
    try (FloatTensor queries = FloatTensor.of(query, 1, query.length)) {
      return nearest(queries, count);
    }
  }

  /**
   * The {@code count} most similar rows of each query, exactly; similarity is the inner product.
   *
   * @param queries [B, D], finite; anywhere
   * @param count 1 to N
   */
  public Neighbours nearest(FloatTensor queries, int count) {
    long batch = queries.shape(0);
    try (Workspace workspace = new Workspace(engine.memory())) {
      IntTensor ids = workspace.ints(batch, count);
      FloatTensor scores = workspace.floats(batch, count);
      engine.nearest(embeddings, workspace.in(queries), BankEngine.Order.SIMILARITY, ids, scores);
      return new Neighbours(count, ids.toArray(), scores.toArray());
    }
  }

  /**
   * bank[i] = normalise(momentum bank[i] + (1 - momentum) unit); see {@link BankEngine#updateBank}.
   */
  public void update(IntTensor ids, FloatTensor unit, double momentum) {
    engine.updateBank(embeddings, ids, unit, momentum);
  }

  /** Releases the memory; idempotent. */
  @Override
  public void close() {
    embeddings.close();
  }
}
