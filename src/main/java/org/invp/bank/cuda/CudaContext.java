package org.invp.bank.cuda;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.invp.bindings.cudart.CudaRuntimeApi;

/**
 * What an engine owns on its device: a stream on which everything happens in order, cuBLAS, pinned
 * memory for copies and results. One thread at a time is inside; the device is set on entry, since
 * it is a thread's.
 */
public final class CudaContext implements AutoCloseable {
  private static final long RESULT_BYTES = 256;

  /** Kernels want their pointers aligned so. */
  private static final long WORD = 16;

  private final ReentrantLock lock = new ReentrantLock();
  private final CudaDevice device;
  private final Deque<AutoCloseable> owned = new ArrayDeque<>();
  private CudaStream stream;
  private CudaMemory memory;
  private PinnedBuffer results;
  private DeviceBuffer words;
  private CublasHandle cublas;
  private boolean open;
  private boolean mayBeRaised;

  /** Takes a device into use; it is given back by {@link #close}. */
  public CudaContext(CudaDevice device) {
    this.device = device;
    CudaRuntime.use(device.index());
    try {
      stream = own(new CudaStream());
      results = own(new PinnedBuffer(device.name(), RESULT_BYTES));
      words = own(new DeviceBuffer(this));
      memory = own(new CudaMemory(this));
      words.of(RESULT_BYTES);
      stream.zero(word(0), RESULT_BYTES);
      open = true;
    } catch (RuntimeException | Error e) {
      release();
      throw e;
    }
  }

  /** Closed with the context, the last one first. */
  <T extends AutoCloseable> T own(T resource) {
    owned.push(resource);
    return resource;
  }

  CudaDevice device() {
    return device;
  }

  /** The device's product, for messages. */
  public CudaMemory memory() {
    return memory;
  }

  CudaStream stream() {
    return stream;
  }

  /** cuBLAS, started when it is first needed. */
  CublasHandle cublas() {
    if (cublas == null) {
      cublas = own(new CublasHandle(this));
    }
    return cublas;
  }

  /**
   * Runs {@code work} alone, on this device.
   *
   * @throws IllegalStateException if the context is closed
   */
  <T> T run(Supplier<T> work) {
    lock.lock();
    try {
      if (!open) {
        throw new IllegalStateException("the bank engine is closed");
      }
      CudaRuntime.use(device.index());
      return work.get();
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #run(Supplier)}. */
  void run(Runnable work) {
    run(
        () -> {
          work.run();
          return null;
        });
  }

  /** Runs what gives memory back, whether the context is still open or not. */
  void release(Runnable work) {
    lock.lock();
    try {
      int ignored = CudaRuntimeApi.cudaSetDevice(device.index());
      work.run();
    } finally {
      lock.unlock();
    }
  }

  /** One of 16 words of 16 bytes on the device, for a kernel's small result. */
  MemorySegment word(int index) {
    return MemorySegment.ofAddress(words.of(RESULT_BYTES).address() + index * WORD);
  }

  /** The word of a verdict, for a kernel to raise; the next wait throws what it says. */
  MemorySegment raised(Raised verdict) {
    mayBeRaised = true;
    return word(verdict.word());
  }

  /** Waits for the stream, then shows the first {@code count} words on the host. */
  Words await(String what, int count) {
    stream.copy(results.memory(), word(0), count * WORD, CudaRuntimeApi.cudaMemcpyDeviceToHost());
    await(what);
    return new Words(results.memory());
  }

  /**
   * Waits for the stream.
   *
   * @throws IllegalArgumentException if a kernel met ids that are no rows since the last wait
   * @throws org.invp.InvalidDataException likewise, for an embedding that is not finite
   */
  void await(String what) {
    if (!mayBeRaised) {
      stream.await(what);
      memory.stagingIsFree();
      return;
    }
    stream.copy(results.memory(), word(0), RESULT_BYTES, CudaRuntimeApi.cudaMemcpyDeviceToHost());
    stream.await(what);
    memory.stagingIsFree();
    mayBeRaised = false;
    int first = Raised.values()[0].word();
    stream.zero(word(first), Raised.values().length * WORD);
    Raised.refuse(new Words(results.memory()));
  }

  /** Words as the host sees them, valid until the next wait. */
  record Words(MemorySegment memory) {
    double number(int index) {
      return memory.get(ValueLayout.JAVA_DOUBLE, index * WORD);
    }

    double secondNumber(int index) {
      return memory.get(ValueLayout.JAVA_DOUBLE, index * WORD + Double.BYTES);
    }

    int integer(int index) {
      return memory.get(ValueLayout.JAVA_INT, index * WORD);
    }

    int secondInteger(int index) {
      return memory.get(ValueLayout.JAVA_INT, index * WORD + Integer.BYTES);
    }
  }

  /** Waits for a running call, then gives everything back; idempotent. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (open) {
        open = false;
        int ignored = CudaRuntimeApi.cudaSetDevice(device.index());
        release();
      }
    } finally {
      lock.unlock();
    }
  }

  private void release() {
    while (!owned.isEmpty()) {
      try {
        owned.pop().close();
      } catch (Exception e) {
        throw new IllegalStateException("could not give back a resource of the device", e);
      }
    }
  }
}
