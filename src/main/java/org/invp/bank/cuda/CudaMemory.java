package org.invp.bank.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.invp.bindings.cudart.CudaRuntimeApi;
import org.invp.internal.ForeignMemory;
import org.invp.tensor.Memory;

/**
 * The memory of an engine's device. Copies go through pinned memory, so that they are in the
 * stream's order and those to the device need not be waited for.
 */
public final class CudaMemory implements Memory, AutoCloseable {
  private static final long STAGING_BYTES = 4L << 20;
  private static final long ALIGNMENT = 64;

  private final CudaContext context;
  private final PinnedBuffer staging;
  private long used;
  private Watcher watcher = (address, bytes) -> {};

  /** Hears of every range that is about to change other than by a kernel, or to be freed. */
  interface Watcher {
    void changed(long address, long bytes);
  }

  CudaMemory(CudaContext context) {
    this.context = context;
    staging = new PinnedBuffer(context.device().name(), STAGING_BYTES);
  }

  void watch(Watcher all) {
    watcher = all;
  }

  @Override
  public String name() {
    return context.device().name();
  }

  @Override
  public Access access() {
    return context.device().isEmulated()
        ? new Access.Host()
        : new Access.Cuda(context.device().index(), context.stream().handle().address());
  }

  @Override
  public void await() {
    context.run(() -> context.await("waiting for the device"));
  }

  @Override
  public MemorySegment allocate(long bytes, Arena arena) {
    return context.run(
        () -> {
          long address = CudaRuntime.allocate(name(), bytes);
          MemorySegment memory =
              ForeignMemory.device(address, arena, () -> release(address, bytes));
          context.stream().zero(memory, bytes);
          return memory;
        });
  }

  private void release(long address, long bytes) {
    context.release(
        () -> {
          watcher.changed(address, bytes);
          CudaRuntime.free(address);
        });
  }

  @Override
  public MemorySegment part(MemorySegment memory, long offset, long bytes, Arena arena) {
    return ForeignMemory.device(memory.address() + offset, arena);
  }

  @Override
  public void copyIn(MemorySegment host, MemorySegment target) {
    context.run(
        () -> {
          watcher.changed(target.address(), host.byteSize());
          for (long at = 0; at < host.byteSize(); at += STAGING_BYTES) {
            long bytes = Math.min(STAGING_BYTES, host.byteSize() - at);
            MemorySegment pinned = reserve(bytes);
            MemorySegment.copy(host, at, pinned, 0, bytes);
            context.stream()
                .copy(at(target, at), pinned, bytes, CudaRuntimeApi.cudaMemcpyHostToDevice());
          }
        });
  }

  @Override
  public void copyOut(MemorySegment source, MemorySegment host) {
    context.run(
        () -> {
          for (long at = 0; at < host.byteSize(); at += STAGING_BYTES) {
            long bytes = Math.min(STAGING_BYTES, host.byteSize() - at);
            MemorySegment pinned = reserve(bytes);
            context.stream()
                .copy(pinned, at(source, at), bytes, CudaRuntimeApi.cudaMemcpyDeviceToHost());
            context.await("copying from the device");
            MemorySegment.copy(pinned, 0, host, at, bytes);
          }
        });
  }

  @Override
  public void copyWithin(MemorySegment source, MemorySegment target, long bytes) {
    if (source.address() == target.address()) {
      return;
    }
    context.run(
        () -> {
          watcher.changed(target.address(), bytes);
          context.stream().copy(target, source, bytes, CudaRuntimeApi.cudaMemcpyDeviceToDevice());
        });
  }

  // The segment itself where possible: the call then keeps its arena alive.
  private static MemorySegment at(MemorySegment start, long offset) {
    return offset == 0 ? start : MemorySegment.ofAddress(start.address() + offset);
  }

  /** Pinned memory that no queued copy uses. */
  private MemorySegment reserve(long bytes) {
    if (used + bytes > STAGING_BYTES) {
      context.await("copying to the device");
    }
    MemorySegment part = staging.memory().asSlice(used, bytes);
    used = Math.min(STAGING_BYTES, (used + bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return part;
  }

  /** All queued copies are done. */
  void stagingIsFree() {
    used = 0;
  }

  @Override
  public void close() {
    staging.close();
  }
}
