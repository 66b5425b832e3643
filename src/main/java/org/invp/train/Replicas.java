package org.invp.train;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.invp.InvpException;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.internal.Text;
import org.invp.io.DType;
import org.invp.io.Fingerprint;
import org.invp.io.NamedTensor;
import org.invp.nn.Network;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * The network and the optimizer of every rank: equal at the start, and after every step, since all
 * ranks step against the same sum of gradients. Borrows everything. Every method is a collective,
 * and does nothing where there is one rank.
 */
final class Replicas implements AutoCloseable {
  private final ProcessGroup group;
  private final Network network;
  private final Sgd optimizer;

  Replicas(ProcessGroup group, Network network, Sgd optimizer) {
    this.group = group;
    this.network = network;
    this.optimizer = optimizer;
  }

  /** Every rank's network and momentum become rank 0's; from now on gradients are summed. */
  void begin() {
    if (group.size() == 1) {
      return;
    }
    broadcast();
    requireEqual("at the start");
    network.sumGradientsOver(group);
  }

  private void broadcast() {
    List<NamedTensor> state = network.state();
    state.forEach(this::broadcast);
    network.load(state);
    List<NamedTensor> momentum = optimizer.state();
    long[] present = {momentum.size()};
    group.allReduce(present, Reduction.MIN);
    if (present[0] > 0) {
      momentum.forEach(this::broadcast);
      optimizer.load(momentum);
    }
  }

  private void broadcast(NamedTensor tensor) {
    if (tensor.dtype() == DType.F32) {
      group.broadcast(floats(tensor), 0);
    } else {
      long[] values = tensor.data().toArray(ValueLayout.JAVA_LONG);
      if (group.rank() != 0) {
        Arrays.fill(values, 0);
      }
      group.allReduce(values, Reduction.SUM);
      tensor.data().copyFrom(MemorySegment.ofArray(values));
    }
  }

  /**
   * Batch normalisation's running statistics become their mean over the ranks, each of which has
   * seen its own images. An update of a running mean is linear, so that the mean is the same
   * whenever it is taken; training does not read it.
   */
  void averageStatistics() {
    if (group.size() == 1) {
      return;
    }
    List<NamedTensor> state = network.state();
    List<NamedTensor> statistics = state.stream().filter(Replicas::isStatistic).toList();
    for (NamedTensor tensor : statistics) {
      FloatTensor values = floats(tensor);
      group.allReduce(values, Reduction.SUM);
      for (long i = 0; i < values.size(); i++) {
        values.set(i, values.get(i) / group.size());
      }
    }
    // Ranks without images in some batch have counted fewer.
    for (NamedTensor tensor : state) {
      if (tensor.dtype() == DType.I64) {
        long[] count = tensor.data().toArray(ValueLayout.JAVA_LONG);
        group.allReduce(count, Reduction.MAX);
        tensor.data().copyFrom(MemorySegment.ofArray(count));
      }
    }
    network.load(state);
  }

  private static boolean isStatistic(NamedTensor tensor) {
    return tensor.name().endsWith("running_mean") || tensor.name().endsWith("running_var");
  }

  /**
   * Compares the bits of all ranks' parameters, statistics and momentum.
   *
   * @param when for the message, such as "after epoch 3"
   * @throws InvpException on every rank, naming the first rank and tensor that differ from rank 0's
   */
  void requireEqual(String when) {
    if (group.size() == 1) {
      return;
    }
    List<NamedTensor> tensors = new ArrayList<>(network.state());
    for (NamedTensor momentum : optimizer.state()) {
      tensors.add(momentum.renamed(Checkpoint.OPTIMIZER + momentum.name()));
    }
    int[] own = new int[2 * tensors.size()];
    for (int i = 0; i < tensors.size(); i++) {
      byte[] digest = HexFormat.of().parseHex(new Fingerprint().add(tensors.get(i)).hex());
      ByteBuffer words = ByteBuffer.wrap(digest);
      own[2 * i] = words.getInt();
      own[2 * i + 1] = words.getInt();
    }
    try (IntTensor mine = IntTensor.of(own, own.length);
        IntTensor all = IntTensor.allocate(group.size(), own.length)) {
      group.allGather(mine, all);
      for (int rank = 1; rank < group.size(); rank++) {
        for (int i = 0; i < own.length; i++) {
          if (all.get((long) rank * own.length + i) != all.get(i)) {
            throw new InvpException(
                Text.format(
                    "the replicas differ %s: rank %d has another %s than rank 0",
                    when, rank, tensors.get(i / 2).name()));
          }
        }
      }
    }
  }

  private static FloatTensor floats(NamedTensor tensor) {
    return FloatTensor.view(tensor.data(), tensor.size());
  }

  /** The network leaves the group. */
  @Override
  public void close() {
    if (group.size() > 1) {
      network.sumGradientsOver(null);
    }
  }
}
