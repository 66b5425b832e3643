package org.invp.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.invp.NativeMemoryException;

/**
 * Large zeroed memory that asks Linux for huge pages: a step gathers bank rows from all over, and
 * with 4 KiB pages nearly every row costs a walk of the page table too.
 */
public final class HugePages {
  /** Below this much memory huge pages gain nothing. */
  public static final long WORTHWHILE_BYTES = 8L << 20;

  private static final long PAGE = 2L << 20;
  private static final int PROT_READ_WRITE = 1 | 2;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
  private static final int MADV_HUGEPAGE = 14;
  private static final long MAP_FAILED = -1;

  private HugePages() {}

  /**
   * Zeroed memory of an arena, in huge pages where the system gives them, else in ordinary ones.
   *
   * @throws NativeMemoryException if there is not so much memory
   */
  public static MemorySegment allocate(long bytes, Arena arena) {
    if (!Platform.NAME.startsWith("linux")) {
      return arena.allocate(bytes, 64);
    }
    // One page more, so that the part handed out can begin at a page's boundary.
    long mapped = Math.addExact(bytes, 2 * PAGE - 1) / PAGE * PAGE;
    MemorySegment memory = map(mapped, bytes);
    long address = memory.address();
    long offset = (address + PAGE - 1) / PAGE * PAGE - address;
    MemorySegment owned =
        memory.reinterpret(mapped, arena, whole -> unmap(whole.address(), mapped));
    return owned.asSlice(offset, bytes);
  }

  private static MemorySegment map(long bytes, long wanted) {
    try {
      MemorySegment memory =
          (MemorySegment)
              Libc.MMAP.invokeExact(
                  MemorySegment.NULL, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
      if (memory.address() == MAP_FAILED) {
        throw new NativeMemoryException("no native memory for " + wanted + " bytes");
      }
      // Advice only: without huge pages everything works, more slowly.
      int unused = (int) Libc.MADVISE.invokeExact(memory, bytes, MADV_HUGEPAGE);
      return memory;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("mmap", e);
    }
  }

  private static void unmap(long address, long bytes) {
    try {
      int unused = (int) Libc.MUNMAP.invokeExact(MemorySegment.ofAddress(address), bytes);
    } catch (Throwable e) {
      throw new AssertionError("munmap", e);
    }
  }

  /** The functions of the C library; looked up on first need. */
  private static final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = LINKER.defaultLookup();
    static final MethodHandle MMAP =
        handle(
            "mmap",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
    static final MethodHandle MADVISE =
        handle(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));
    static final MethodHandle MUNMAP =
        handle(
            "munmap",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

    private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
      return LINKER.downcallHandle(SYMBOLS.find(name).orElseThrow(), descriptor);
    }
  }
}
