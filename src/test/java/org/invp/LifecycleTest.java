package org.invp;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.data.DataLoader;
import org.invp.data.Decoding;
import org.invp.data.EvaluationTransform;
import org.invp.data.IdxDataset;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.Sgd;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;
import org.invp.train.TinyRun;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Closing things at the wrong time is an exception, never a crash. {@link LeakCheck} counts what is
 * left.
 */
class LifecycleTest {
  @TempDir static Path folder;
  private static Path data;
  private static Path file;
  private static BankEngine engine;
  private static Network network;

  /** Something that must be closed, and a use of it. */
  private record Kind<T extends AutoCloseable>(String name, Open<T> open, Consumer<T> use) {
    Live start() throws Exception {
      T subject = open.open();
      return new Live(subject, () -> use.accept(subject));
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private record Live(AutoCloseable subject, Runnable use) {}

  private interface Open<T> {
    T open() throws Exception;
  }

  @BeforeAll
  static void prepare() {
    data = TinyRun.writeData(folder.resolve("data"));
    file = folder.resolve("tensors.safetensors");
    engine = BankEngine.on(Device.CPU, 2);
    network = Network.create(options(), 1);
    try (FloatTensor tensor = FloatTensor.allocate(3)) {
      Safetensors.write(file, Map.of(), List.of(NamedTensor.of("t", tensor)));
    }
  }

  @AfterAll
  static void closeAll() {
    network.close();
    engine.close();
  }

  static Stream<Kind<?>> kinds() {
    return Stream.of(
        new Kind<>("float tensor", () -> FloatTensor.allocate(4, 3), tensor -> tensor.get(0)),
        new Kind<>("int tensor", () -> IntTensor.allocate(5), tensor -> tensor.get(4)),
        new Kind<>("bank engine", () -> BankEngine.on(Device.CPU, 2), LifecycleTest::useEngine),
        new Kind<>(
            "memory bank", () -> MemoryBank.create(20, 4, engine), bank -> bank.fillRandom(1)),
        new Kind<>(
            "neighbour graph",
            () -> NeighbourGraph.create(20, 3, engine),
            graph -> graph.neighbours().get(0)),
        new Kind<>("network", () -> Network.create(options(), 1), LifecycleTest::useNetwork),
        new Kind<>("optimizer", () -> new Sgd(network, 0.9, 0, false), sgd -> sgd.state()),
        new Kind<>(
            "data set",
            () -> IdxDataset.open(data, Split.TRAIN),
            images -> {
              try (DataLoader loader = loader(images)) {
                loader.start(0, 0);
                loader.next();
              }
            }),
        new Kind<>(
            "tensor file",
            () -> Safetensors.read(file),
            (TensorFile tensors) -> tensors.tensors().get(0).data().get(ValueLayout.JAVA_FLOAT, 0)),
        new Kind<>(
            "mapped tensor file",
            () -> Safetensors.map(file),
            (TensorFile tensors) ->
                tensors.tensors().get(0).data().get(ValueLayout.JAVA_FLOAT, 0)));
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void useAfterCloseThrows(Kind<?> kind) throws Exception {
    Live live = kind.start();
    live.use.run();
    live.subject.close();
    assertThrows(RuntimeException.class, live.use::run);
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void closingTwiceIsClosingOnce(Kind<?> kind) throws Exception {
    Live live = kind.start();
    live.subject.close();
    live.subject.close();
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void closingFromAnotherThreadEndsTheUseByAnException(Kind<?> kind) throws Exception {
    for (int round = 0; round < 10; round++) {
      Live live = kind.start();
      CountDownLatch used = new CountDownLatch(3);
      List<Throwable> surprises = new ArrayList<>();
      Thread user =
          new Thread(
              () -> {
                try {
                  for (int i = 0; i < 1_000_000; i++) {
                    live.use.run();
                    used.countDown();
                  }
                } catch (IllegalStateException expected) {
                  return;
                } catch (Throwable e) {
                  surprises.add(e);
                }
              });
      user.start();
      used.await();
      closeDuringUse(live.subject);
      user.join();
      if (!surprises.isEmpty()) {
        fail(surprises.get(0));
      }
    }
  }

  /** Memory that a native call is using cannot be closed; it says so, and can be closed later. */
  private static void closeDuringUse(AutoCloseable subject) throws Exception {
    boolean closed = false;
    while (!closed) {
      try {
        subject.close();
        closed = true;
      } catch (IllegalStateException e) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void twoThreadsMayCloseAtOnce() throws Exception {
    for (Kind<?> kind : kinds().toList()) {
      Live live = kind.start();
      List<Throwable> surprises = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        threads.add(
            new Thread(
                () -> {
                  try {
                    live.subject.close();
                  } catch (Throwable e) {
                    synchronized (surprises) {
                      surprises.add(e);
                    }
                  }
                }));
      }
      threads.forEach(Thread::start);
      for (Thread thread : threads) {
        thread.join();
      }
      if (!surprises.isEmpty()) {
        fail(kind + ": " + surprises.get(0), surprises.get(0));
      }
    }
  }

  @Test
  void constructorsThatFailLeaveNothing() {
    assertThrows(RuntimeException.class, () -> FloatTensor.allocate(-1));
    assertThrows(RuntimeException.class, () -> BankEngine.on(Device.CPU, -5));
    assertThrows(RuntimeException.class, () -> MemoryBank.create(0, 4, engine));
    assertThrows(RuntimeException.class, () -> MemoryBank.create(3, -4, engine));
    assertThrows(RuntimeException.class, () -> NeighbourGraph.create(3, -1, engine));
    assertThrows(RuntimeException.class, () -> new Sgd(network, Double.NaN, 0, false));
    assertThrows(RuntimeException.class, () -> Safetensors.read(folder.resolve("none")));
    assertThrows(
        RuntimeException.class, () -> IdxDataset.open(folder.resolve("none"), Split.TRAIN));
    try (IdxDataset images = IdxDataset.open(data, Split.TRAIN)) {
      assertThrows(RuntimeException.class, () -> new DataLoader(images, view(), 0, 1, 0, true));
    }
  }

  /** A petabyte: no machine has it, and nothing is touched before the allocation is refused. */
  @Test
  void memoryThatCannotBeHadIsAnErrorAndNoCrash() {
    assertThrows(Throwable.class, () -> FloatTensor.allocate(1L << 48));
    assertThrows(Throwable.class, () -> MemoryBank.create(Integer.MAX_VALUE, 1 << 20, engine));
    useEngine(engine);
  }

  private static void useEngine(BankEngine engine) {
    try (FloatTensor rows = FloatTensor.allocate(8, 4)) {
      engine.checkFinite(rows);
    }
  }

  private static void useNetwork(Network network) {
    try (FloatTensor images = FloatTensor.allocate(2, 1, 12, 12)) {
      network.forward(images);
    }
  }

  private static NetworkOptions options() {
    return new NetworkOptions(
        NetworkOptions.Architecture.RESNET18,
        NetworkOptions.Stem.CIFAR,
        1,
        4,
        6,
        NetworkOptions.Head.LINEAR,
        10,
        true,
        NetworkOptions.Initialisation.KAIMING);
  }

  private static EvaluationTransform view() {
    return new EvaluationTransform(
        0, 12, 12, new Normalisation(List.of(0.5), List.of(0.25)), Decoding.EXACT);
  }

  private static DataLoader loader(IdxDataset images) {
    return new DataLoader(images, view(), 4, 1, 0, true);
  }
}
