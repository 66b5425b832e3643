package org.invp.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.ToIntFunction;
import org.invp.InvpException;
import org.invp.bindings.group.InvpGroup;
import org.invp.internal.NativeCall;
import org.invp.internal.NativeGroup;
import org.invp.internal.NativeLibraries;
import org.invp.internal.NativeObjects;
import org.invp.internal.Room;
import org.invp.internal.Text;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A group on LibTorch's c10d; see {@code invp/group.h}. After a rank was lost the native group is
 * not destroyed but left to the process's end: what still waits in it may wait for ever. It then no
 * longer counts among the {@link NativeObjects} once it is closed.
 */
final class NativeProcessGroup implements ProcessGroup, NativeGroup {
  private static final String KIND = "process group";

  private final ReentrantLock lock = new ReentrantLock();
  private final Membership membership;
  private final RollCall rollCall;
  private final AtomicBoolean counted = new AtomicBoolean();
  private volatile boolean broken;
  private MemorySegment handle;

  NativeProcessGroup(Membership membership) {
    this.membership = membership;
    NativeLibraries.requireNetwork();
    handle = new Meeting(membership).of(() -> create(membership));
    NativeObjects.opened(KIND);
    counted.set(true);
    rollCall = new RollCall(membership, this::set, this::get);
  }

  private static MemorySegment create(Membership membership) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocateFrom(membership.host());
      MemorySegment job = arena.allocateFrom(membership.job());
      MemorySegment networkInterface =
          membership.networkInterface() == null
              ? MemorySegment.NULL
              : arena.allocateFrom(membership.networkInterface());
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      NativeCall.check(
          Room.NN,
          () ->
              InvpGroup.invp_nn_group_create(
                  host,
                  membership.port(),
                  membership.rank(),
                  membership.size(),
                  membership.timeout().toMillis(),
                  networkInterface,
                  job,
                  out));
      return out.get(ValueLayout.ADDRESS, 0);
    }
  }

  @Override
  public int rank() {
    return membership.rank();
  }

  @Override
  public int localRank() {
    return membership.localRank();
  }

  @Override
  public int size() {
    return membership.size();
  }

  @Override
  public void allReduce(FloatTensor data, Reduction reduction) {
    allReduce(data.output(), data.size(), InvpGroup.INVP_NN_GROUP_FLOAT32(), reduction);
  }

  @Override
  public void allReduce(IntTensor data, Reduction reduction) {
    allReduce(data.output(), data.size(), InvpGroup.INVP_NN_GROUP_INT32(), reduction);
  }

  private void allReduce(MemorySegment data, long count, int type, Reduction reduction) {
    collective(
        group -> InvpGroup.invp_nn_group_all_reduce(group, data, count, type, code(reduction)));
  }

  @Override
  public void allReduce(double[] data, Reduction reduction) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, data);
      collective(
          group ->
              InvpGroup.invp_nn_group_all_reduce(
                  group, copy, data.length, InvpGroup.INVP_NN_GROUP_FLOAT64(), code(reduction)));
      MemorySegment.copy(copy, ValueLayout.JAVA_DOUBLE, 0, data, 0, data.length);
    }
  }

  @Override
  public void allReduce(long[] data, Reduction reduction) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_LONG, data);
      collective(
          group ->
              InvpGroup.invp_nn_group_all_reduce(
                  group, copy, data.length, InvpGroup.INVP_NN_GROUP_INT64(), code(reduction)));
      MemorySegment.copy(copy, ValueLayout.JAVA_LONG, 0, data, 0, data.length);
    }
  }

  @Override
  public void allGather(FloatTensor mine, FloatTensor all) {
    requireAll(mine.size(), all.size());
    allGather(mine.segment(), mine.size(), InvpGroup.INVP_NN_GROUP_FLOAT32(), all.output());
  }

  @Override
  public void allGather(IntTensor mine, IntTensor all) {
    requireAll(mine.size(), all.size());
    allGather(mine.segment(), mine.size(), InvpGroup.INVP_NN_GROUP_INT32(), all.output());
  }

  private void allGather(MemorySegment mine, long count, int type, MemorySegment all) {
    collective(group -> InvpGroup.invp_nn_group_all_gather(group, mine, count, type, all));
  }

  @Override
  public void reduceScatter(FloatTensor all, FloatTensor mine) {
    requireAll(mine.size(), all.size());
    collective(
        group ->
            InvpGroup.invp_nn_group_reduce_scatter(
                group,
                all.segment(),
                mine.size(),
                InvpGroup.INVP_NN_GROUP_FLOAT32(),
                InvpGroup.INVP_NN_GROUP_SUM(),
                mine.output()));
  }

  @Override
  public void allToAll(IntTensor all, IntTensor received) {
    requireAll(all.size() / size(), all.size());
    requireAll(all.size() / size(), received.size());
    collective(
        group ->
            InvpGroup.invp_nn_group_all_to_all(
                group,
                all.segment(),
                all.size() / size(),
                InvpGroup.INVP_NN_GROUP_INT32(),
                received.output()));
  }

  @Override
  public void broadcast(FloatTensor data, int root) {
    collective(
        group ->
            InvpGroup.invp_nn_group_broadcast(
                group, data.output(), data.size(), InvpGroup.INVP_NN_GROUP_FLOAT32(), root));
  }

  @Override
  public void barrier() {
    collective(InvpGroup::invp_nn_group_barrier);
  }

  @Override
  public Traffic traffic() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(ValueLayout.JAVA_LONG, 2);
      call(group -> InvpGroup.invp_nn_group_traffic(group, numbers, numbers.asSlice(Long.BYTES)));
      return new Traffic(
          numbers.getAtIndex(ValueLayout.JAVA_LONG, 0),
          numbers.getAtIndex(ValueLayout.JAVA_LONG, 1));
    }
  }

  @Override
  public void close() {
    if (counted.compareAndSet(true, false)) {
      NativeObjects.closed(KIND);
    }
    if (broken) {
      return;
    }
    lock.lock();
    try {
      if (handle != null) {
        MemorySegment ending = handle;
        handle = null;
        NativeCall.check(Room.NN, () -> InvpGroup.invp_nn_group_destroy(ending));
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void collective(ToIntFunction<MemorySegment> call) {
    if (broken) {
      throw new IllegalStateException("the process group has lost a rank");
    }
    try {
      call(call);
    } catch (InvpException e) {
      if (e.getClass() != InvpException.class) {
        throw e; // This process's own trouble: memory, data.
      }
      broken = true;
      throw rollCall.lost(e);
    }
  }

  private void call(ToIntFunction<MemorySegment> call) {
    lock.lock();
    try {
      if (handle == null) {
        throw new IllegalStateException("the process group is closed");
      }
      NativeCall.check(Room.NN, () -> call.applyAsInt(handle));
    } finally {
      lock.unlock();
    }
  }

  private void set(String key, String value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(value);
      MemorySegment name = arena.allocateFrom(key);
      call(group -> InvpGroup.invp_nn_group_store_set(group, name, text, text.byteSize() - 1));
    }
  }

  private boolean get(String key, long timeoutMillis) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(key);
      MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
      call(
          group ->
              InvpGroup.invp_nn_group_store_get(
                  group, name, timeoutMillis, MemorySegment.NULL, 0, bytes));
      return bytes.get(ValueLayout.JAVA_LONG, 0) >= 0;
    }
  }

  private void requireAll(long mine, long all) {
    if (all != mine * size()) {
      throw new IllegalArgumentException(
          Text.format("%d elements for %d ranks of %d each", all, size(), mine));
    }
  }

  private static int code(Reduction reduction) {
    return switch (reduction) {
      case SUM -> InvpGroup.INVP_NN_GROUP_SUM();
      case MIN -> InvpGroup.INVP_NN_GROUP_MIN();
      case MAX -> InvpGroup.INVP_NN_GROUP_MAX();
    };
  }
}
