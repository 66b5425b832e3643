package org.invp.bank.cuda;

import java.lang.foreign.MemorySegment;
import org.invp.bindings.cuda.InvpCuda;

/**
 * The fp16 copy of one bank, which searches read, and the largest norm of its rows. It follows the
 * bank: made when a search first needs it, updated with the rows of a step, made anew when rows
 * were written otherwise. A search of another bank takes its place.
 */
final class CudaShadow {
  private final CudaContext context;
  private final DeviceBuffer halves;
  private final DeviceBuffer largestNorm;
  private long address;
  private long rows;
  private int dimension;
  private int pitch;
  private boolean fresh;

  CudaShadow(CudaContext context) {
    this.context = context;
    halves = context.own(new DeviceBuffer(context));
    largestNorm = context.own(new DeviceBuffer(context));
    context.memory().watch(this::changed);
  }

  /** Makes sure that this is the shadow of a bank as it is now. */
  void follow(MemorySegment bank, long rows, int dimension) {
    if (fresh && isOf(bank, rows, dimension)) {
      return;
    }
    fresh = false;
    pitch = CudaSearch.pitch(dimension);
    MemorySegment target = halves.of(Math.multiplyExact(rows, (long) pitch) * Short.BYTES);
    MemorySegment norm = largestNorm.of(Float.BYTES);
    CudaRuntime.kernel(
        () ->
            InvpCuda.invp_cuda_shadow(
                context.stream().handle(), bank, rows, dimension, target, norm));
    address = bank.address();
    this.rows = rows;
    this.dimension = dimension;
    fresh = true;
  }

  private boolean isOf(MemorySegment bank, long rows, int dimension) {
    return address == bank.address() && this.rows == rows && this.dimension == dimension;
  }

  /** A range of memory changes other than through the update of {@link #follow}'s bank. */
  void changed(long start, long bytes) {
    long end = address + rows * dimension * Float.BYTES;
    if (start < end && address < start + bytes) {
      fresh = false;
    }
  }

  /** fp16 [rows, pitch]. */
  MemorySegment halves() {
    return halves.of(0);
  }

  /** Halves from one row to the next. */
  int pitch() {
    return pitch;
  }

  /** One float. */
  MemorySegment largestNorm() {
    return largestNorm.of(0);
  }
}
