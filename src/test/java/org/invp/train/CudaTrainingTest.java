package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.CudaException;
import org.invp.CudaOutOfMemoryException;
import org.invp.bank.Simt;
import org.invp.config.ConfigException;
import org.invp.config.ConfigFile;
import org.invp.config.TrainingConfig;
import org.invp.train.RunFolder.Existing;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs with the bank on the emulated CUDA device. */
@Tag("slow")
class CudaTrainingTest {
  private static final double CURVE = 1e-4;

  @TempDir Path temp;
  private Path data;
  private long before;

  @BeforeEach
  void emulatedDevice() {
    Simt.require();
    Simt.reset();
    before = Simt.liveObjects();
    data = TinyRun.writeData(temp.resolve("data"));
  }

  @AfterEach
  void nothingIsLeaked() {
    if (data != null) {
      Simt.reset();
      assertEquals(before, Simt.liveObjects(), "objects of the device that were not given back");
    }
  }

  @Test
  void theLossCurveIsTheCpusAndAResumedRunGoesOnElsewhere() {
    List<Double> cpu = train("cpu", "cpu", steps -> {});
    List<Double> simt = train("simt", "cuda-simt", steps -> {});
    assertEquals(3 * TinyRun.BATCHES, cpu.size());
    assertEquals(cpu.size(), simt.size());
    for (int step = 0; step < cpu.size(); step++) {
      assertEquals(cpu.get(step), simt.get(step), CURVE * (1 + cpu.get(step)), "step " + step);
    }
  }

  @Test
  void aStepAllocatesNothingOnceTheFirstAreDone() {
    List<Long> live = new ArrayList<>();
    train("run", "cuda-simt", step -> live.add(Simt.liveObjects()));
    assertEquals(live.get(TinyRun.BATCHES - 2), live.get(2));
    // No allocation at all, not even one that was given back: the next one would fail.
    train("other", "cuda-simt", step -> Simt.failAllocation(step == 3 ? 1 : 0));
  }

  @Test
  void aRefreshedBankIsTheCpus() {
    String[] fresh = {"training.graph=epoch", "training.bank_refresh=epoch"};
    List<Double> cpu = train("cpu", "cpu", steps -> {}, fresh);
    List<Double> simt = train("simt", "cuda-simt", steps -> {}, fresh);
    assertEquals(3 * TinyRun.BATCHES, cpu.size());
    for (int step = 0; step < cpu.size(); step++) {
      assertEquals(cpu.get(step), simt.get(step), CURVE * (1 + cpu.get(step)), "step " + step);
    }
  }

  @Test
  void embeddingsAndTheirGradientStayOnTheDevice() {
    List<Long> copied = new ArrayList<>();
    train("run", "cuda-simt", step -> copied.add(Simt.copiedBytes()), "network.dimension=64");
    // The ids of a batch of 4 go there, verdicts and losses in words of 16 bytes come back.
    long step = copied.get(3) - copied.get(2);
    assertTrue(step >= 4 * Integer.BYTES, step + " bytes in a step");
    assertTrue(step < 4 * 64 * Float.BYTES, step + " bytes in a step, embeddings alone are 1024");
  }

  @Test
  void aRunInLowerPrecisionGoesOnWithTheSameBits() {
    List<Double> whole = train("whole", "cuda-simt", step -> {}, "network.precision=bf16");
    assertThrows(
        IllegalStateException.class,
        () ->
            train(
                "broken",
                "cuda-simt",
                step -> {
                  if (step == TinyRun.BATCHES + 1) {
                    throw new IllegalStateException("broken off");
                  }
                },
                "network.precision=bf16"));
    List<Double> rest = train("broken", "cuda-simt", step -> {}, "network.precision=bf16");
    assertEquals(whole.subList(TinyRun.BATCHES, whole.size()), rest);
    assertNotEquals(whole, train("full", "cuda-simt", step -> {}));
  }

  @Test
  void halfPrecisionOnTheCpuIsRefusedInOneLine() {
    ConfigException e =
        assertThrows(
            ConfigException.class, () -> train("run", "cpu", step -> {}, "network.precision=fp16"));
    assertEquals("network.precision is fp16, allowed on the CPU: fp32, bf16", e.getMessage());
  }

  @Test
  void memoryThatRunsOutInTheMiddleLeavesTheLastCheckpointWhole() throws IOException {
    byte[][] checkpoint = new byte[1][];
    assertThrows(
        CudaOutOfMemoryException.class,
        () ->
            train(
                "run",
                "cuda-simt",
                step -> {
                  if (step == 2 * TinyRun.BATCHES) {
                    checkpoint[0] = read("run");
                    Simt.failAllocation(1);
                  }
                }));
    Simt.reset();
    assertArrayEquals(checkpoint[0], read("run"));
    assertTrue(train("run", "cpu", step -> {}).size() >= TinyRun.BATCHES);
  }

  @Test
  void aDeviceThatIsLostLeavesTheLastCheckpointWhole() throws IOException {
    byte[][] checkpoint = new byte[1][];
    assertThrows(
        CudaException.class,
        () ->
            train(
                "run",
                "cuda-simt",
                step -> {
                  if (step == TinyRun.BATCHES + 2) {
                    checkpoint[0] = read("run");
                    Simt.loseDevice(1);
                  }
                }));
    Simt.reset();
    assertArrayEquals(checkpoint[0], read("run"));
  }

  @Test
  void memoryThatRunsOutAtCreationIsOneLine() {
    Simt.failAllocation(3);
    CudaOutOfMemoryException e =
        assertThrows(CudaOutOfMemoryException.class, () -> train("run", "cuda-simt", step -> {}));
    assertEquals(1, e.getMessage().lines().count());
  }

  private byte[] read(String run) {
    try {
      return Files.readAllBytes(temp.resolve(run).resolve("checkpoint.safetensors"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private interface AfterStep {
    void done(long step);
  }

  private List<Double> train(String run, String device, AfterStep after, String... settings) {
    List<String> overrides = new ArrayList<>(List.of(settings));
    overrides.add("training.device=" + device);
    TrainingConfig config = ConfigFile.parse("tiny.yaml", TinyRun.yaml(data), overrides);
    List<Double> losses = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void stepDone(StepMetrics metrics, int images, double meanLoss) {
            losses.add(metrics.loss());
            after.done(metrics.step());
          }
        };
    try (RunImages images = RunImages.open(config);
        RunFolder folder = RunFolder.open(temp.resolve(run), Existing.RESUME);
        Trainer trainer = new Trainer(config, folder, images, new StopRequest(), listener)) {
      trainer.run();
    }
    return losses;
  }
}
