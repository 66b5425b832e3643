package org.invp.bank;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Random;
import org.invp.CudaException;
import org.invp.CudaOutOfMemoryException;
import org.invp.InvalidDataException;
import org.invp.NativeLibraryException;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The CUDA engine from Java, on the emulated device; the oracle is the CPU's engine. */
@Tag("slow")
class CudaBankEngineTest {
  private static final int ROWS = 900;
  private static final int DIMENSION = 20;
  private static final String WAY = "invp.cuda.search";

  private long before;

  @BeforeAll
  static void emulatedDevice() {
    Simt.require();
  }

  @BeforeEach
  void count() {
    Simt.reset();
    before = Simt.liveObjects();
  }

  @AfterEach
  void nothingIsLeaked() {
    System.clearProperty(WAY);
    Simt.reset();
    assertEquals(before, Simt.liveObjects(), "objects of the device that were not given back");
  }

  @ParameterizedTest
  @ValueSource(strings = {"own", "cublas"})
  void bothWaysFindWhatTheCpuFindsToTheBit(String way) {
    System.setProperty(WAY, way);
    long seed = new Random().nextLong();
    for (int count : new int[] {1, 7, 300, ROWS}) {
      Neighbours expected = nearest(Device.CPU, seed, count);
      Neighbours actual = nearest(Simt.DEVICE, seed, count);
      for (int query = 0; query < expected.queries(); query++) {
        for (int rank = 0; rank < count; rank++) {
          String where = "seed " + seed + " count " + count + " query " + query + " rank " + rank;
          assertEquals(expected.id(query, rank), actual.id(query, rank), where);
          assertEquals(expected.score(query, rank), actual.score(query, rank), where);
        }
      }
    }
  }

  private static Neighbours nearest(Device device, long seed, int count) {
    try (BankEngine engine = BankEngine.on(device, 2);
        MemoryBank bank = MemoryBank.create(ROWS, DIMENSION, engine);
        FloatTensor queries = queries(seed)) {
      bank.fillRandom(seed);
      return bank.nearest(queries, count);
    }
  }

  private static FloatTensor queries(long seed) {
    Random random = new Random(seed);
    float[] values = new float[5 * DIMENSION];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return FloatTensor.of(values, 5, DIMENSION);
  }

  @Test
  void aSearchSeesRowsThatWereWrittenAfterTheLastOne() {
    try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
        MemoryBank bank = MemoryBank.create(50, 3, engine)) {
      bank.fill(rows -> rows.set(3 * 20, 1));
      assertEquals(20, bank.nearest(new float[] {1, 0, 0}, 1).id(0, 0));
      bank.set(31, 2, 0, 0);
      assertEquals(31, bank.nearest(new float[] {1, 0, 0}, 1).id(0, 0));
      assertArrayEquals(new float[] {2, 0, 0}, bank.get(31));
    }
  }

  @Test
  void theExactGraphEqualsTheCpus() {
    try (BankEngine cpu = BankEngine.cpu(2);
        BankEngine cuda = BankEngine.on(Simt.DEVICE, 1);
        MemoryBank here = MemoryBank.create(300, 8, cpu);
        MemoryBank there = MemoryBank.create(300, 8, cuda)) {
      here.fillRandom(3);
      there.fillRandom(3);
      assertArrayEquals(here.embeddings().toArray(), there.embeddings().toArray());
      try (NeighbourGraph expected = NeighbourGraph.build(here, 4);
          NeighbourGraph actual = NeighbourGraph.build(there, 4)) {
        assertArrayEquals(expected.neighbours().toArray(), actual.neighbours().toArray());
      }
    }
  }

  @Test
  void aMappedBankIsReadIntoTheDevice(@TempDir Path folder) {
    Path file = folder.resolve("bank.npy");
    try (BankEngine cuda = BankEngine.on(Simt.DEVICE, 1);
        MemoryBank bank = MemoryBank.create(10, 3, cuda)) {
      bank.fillRandom(1);
      bank.save(file);
      try (MemoryBank mapped = MemoryBank.map(file, false, cuda)) {
        assertArrayEquals(bank.embeddings().toArray(), mapped.embeddings().toArray());
      }
      assertThrows(IllegalArgumentException.class, () -> MemoryBank.map(file, true, cuda));
    }
  }

  @Test
  void nanIsRefusedWhereverItIs() {
    try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
        MemoryBank bank = MemoryBank.create(40, 4, engine)) {
      bank.fillRandom(1);
      InvalidDataException query =
          assertThrows(
              InvalidDataException.class, () -> bank.nearest(new float[] {0, Float.NaN, 0, 0}, 1));
      assertTrue(query.getMessage().startsWith("query 0 "), query.getMessage());
      bank.embeddings().slice(7, 8).copyFrom(0, Float.NaN, 0, 0);
      InvalidDataException row =
          assertThrows(InvalidDataException.class, () -> engine.checkFinite(bank.embeddings()));
      assertTrue(row.getMessage().contains("7"), row.getMessage());
      assertThrows(InvalidDataException.class, () -> bank.nearest(new float[] {1, 0, 0, 0}, 40));
      assertEquals(39, bank.nearest(new float[] {1, 0, 0, 0}, 39).count());
    }
  }

  @Test
  void tensorsOfTheHostAreRefusedByTheStages() {
    try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
        FloatTensor rows = FloatTensor.allocate(3, 2);
        IntTensor ids = engine.allocateInts(1, 1)) {
      assertThrows(IllegalStateException.class, () -> engine.checkFinite(rows));
      assertThrows(IllegalStateException.class, () -> ids.get(0));
    }
  }

  @Test
  void moreRowsThanInt32AreRefusedByNameAndNumber() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Shapes.extent("rows", 3_000_000_000L));
    assertEquals("rows is 3000000000, allowed: 1 to 2147483647", e.getMessage());
  }

  @Test
  void outOfMemorySaysHowMuchWasAskedAndIsFree() {
    try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1)) {
      Simt.setMemory(64L << 20);
      CudaOutOfMemoryException e =
          assertThrows(
              CudaOutOfMemoryException.class, () -> MemoryBank.create(1 << 20, 64, engine));
      assertTrue(
          e.getMessage()
              .matches("out of memory on cuda-simt: asked for 256.0 MiB, \\d+\\.\\d of 64.0 MiB.*"),
          e.getMessage());
    }
  }

  @Test
  void aFailureOfAnyAllocationLeaksNothing() {
    int failures = 0;
    for (int n = 1; failures == n - 1; n++) {
      Simt.failAllocation(n);
      try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
          MemoryBank bank = MemoryBank.create(60, 4, engine)) {
        bank.fillRandom(1);
        bank.nearest(new float[] {1, 2, 3, 4}, 5);
      } catch (CudaOutOfMemoryException e) {
        failures++;
      }
      Simt.failAllocation(0);
      assertEquals(before, Simt.liveObjects(), "after the failure of allocation " + n);
    }
    assertTrue(failures > 10, failures + " allocations");
  }

  @Test
  void aLostDeviceIsOneClearErrorAndClosesWhole() {
    try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
        MemoryBank bank = MemoryBank.create(60, 4, engine)) {
      bank.fillRandom(1);
      Simt.loseDevice(2);
      CudaException e =
          assertThrows(CudaException.class, () -> bank.nearest(new float[] {1, 2, 3, 4}, 5));
      assertTrue(e.getMessage().matches("(?s).*(lost|address|fault|fail).*"), e.getMessage());
      assertThrows(CudaException.class, () -> bank.nearest(new float[] {1, 2, 3, 4}, 5));
      Simt.reset();
    }
  }

  @Test
  void aFailureOfCublasIsNamed() {
    System.setProperty(WAY, "cublas");
    try (BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
        MemoryBank bank = MemoryBank.create(60, 4, engine)) {
      bank.fillRandom(1);
      bank.nearest(new float[] {1, 2, 3, 4}, 5);
      int beforeTheProduct = 2;
      Simt.loseDevice(beforeTheProduct);
      CudaException e =
          assertThrows(CudaException.class, () -> bank.nearest(new float[] {1, 2, 3, 4}, 5));
      assertTrue(e.getMessage().contains("cuBLAS"), e.getMessage());
      Simt.reset();
    }
  }

  @Test
  void useAfterCloseThrows() {
    BankEngine engine = BankEngine.on(Simt.DEVICE, 1);
    MemoryBank bank = MemoryBank.create(5, 2, engine);
    bank.close();
    engine.close();
    engine.close();
    assertThrows(IllegalStateException.class, () -> engine.allocateFloats(2));
    assertThrows(IllegalStateException.class, () -> bank.fillRandom(1));
  }

  @Test
  void aProcessHasOneKindOfCudaDevice() {
    NativeLibraryException e =
        assertThrows(NativeLibraryException.class, () -> BankEngine.on(Device.parse("cuda"), 1));
    assertTrue(e.getMessage().contains("cannot load the CUDA libraries as well"), e.getMessage());
  }
}
