package org.invp.train;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import org.invp.InvalidDataException;
import org.invp.bank.Shard;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.NamedTensor;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A shard's rows of the bank and the graph, while they are collected from files of other shards.
 */
final class ShardRows implements AutoCloseable {
  private final Shard shard;
  private final FloatTensor bank;
  private final IntTensor graph;
  private final FloatTensor bankOnHost;
  private final IntTensor graphOnHost;

  /**
   * @param bank [local rows, dimension], to be filled; null if not wanted
   * @param graph [local rows, k], to be filled; null if not wanted
   */
  ShardRows(Shard shard, FloatTensor bank, IntTensor graph) {
    this.shard = shard;
    this.bank = bank;
    this.graph = graph;
    bankOnHost = bank == null ? null : bank.onHost();
    graphOnHost = graph == null ? null : graph.onHost();
  }

  Shard shard() {
    return shard;
  }

  /**
   * Takes those of a file's rows that are wanted.
   *
   * @param source what messages call the file
   * @param from whose rows the file has
   * @throws InvalidDataException when it has other tensors
   */
  void take(Path source, TensorFile file, Shard from) {
    if (bank != null) {
      long[] shape = {from.localRows(), bank.shape(1)};
      copy(data(source, file, Checkpoint.BANK, DType.F32, shape), from, bankOnHost.segment());
      bank.copyFrom(bankOnHost);
    }
    if (graph != null) {
      long[] shape = {from.localRows(), graph.shape(1)};
      copy(data(source, file, Checkpoint.GRAPH, DType.I32, shape), from, graphOnHost.segment());
      graph.copyFrom(graphOnHost);
    }
  }

  private void copy(MemorySegment rows, Shard from, MemorySegment target) {
    long bytes = rows.byteSize() / from.localRows();
    if (from.equals(shard)) {
      target.copyFrom(rows);
      return;
    }
    for (int local = 0; local < shard.localRows(); local++) {
      int row = shard.global(local);
      if (from.owns(row)) {
        MemorySegment.copy(rows, from.local(row) * bytes, target, local * bytes, bytes);
      }
    }
  }

  private static MemorySegment data(
      Path source, TensorFile file, String name, DType dtype, long... shape) {
    NamedTensor tensor =
        file.tensor(name)
            .orElseThrow(() -> new InvalidDataException(Text.format("%s has no %s", source, name)));
    if (tensor.dtype() != dtype || !Arrays.equals(tensor.shape(), shape)) {
      throw new InvalidDataException(
          Text.format(
              "%s holds %s, the run needs %s%s: the data set or the settings have changed",
              source, tensor, dtype, Arrays.toString(shape)));
    }
    return tensor.data();
  }

  @Override
  public void close() {
    if (bankOnHost != null) {
      bankOnHost.close();
    }
    if (graphOnHost != null) {
      graphOnHost.close();
    }
  }
}
