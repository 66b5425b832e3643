package org.invp.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.invp.InvalidDataException;
import org.invp.config.ConfigFile;
import org.invp.data.DatasetIdentity;
import org.invp.data.FolderDataset;
import org.invp.data.ImageDataset;
import org.invp.distributed.ProcessGroup;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rows of a checkpoint's bank and graph belong to certain images, and are given no others. */
@Tag("slow")
class OtherImagesTest {
  private static final int PIXELS = 16; // bytes before them in the file

  @TempDir Path temp;
  private Path data;
  private Path run;

  @BeforeEach
  void trainOneEpoch() {
    data = TinyRun.writeData(temp.resolve("data"));
    run = temp.resolve("run");
    train(data, 1);
  }

  @Test
  void theSameImagesGoOnWhereverTheyLie() throws IOException {
    Path moved = Files.move(data, temp.resolve("moved"));
    train(moved, 2);
    assertEquals(
        2,
        MetricsFile.read(run.resolve("metrics.jsonl")).stream()
            .filter(MetricsFile::isEpoch)
            .count());
  }

  @Test
  void theFirstImageThatIsAnotherIsNamed() throws IOException {
    Path images = data.resolve("train-images-idx3-ubyte");
    byte[] bytes = Files.readAllBytes(images);
    int image = 7;
    bytes[PIXELS + image * TinyRun.SIDE * TinyRun.SIDE + 5] ^= 1;
    Files.write(images, bytes);
    InvalidDataException failure = assertThrows(InvalidDataException.class, () -> train(data, 2));
    assertEquals(
        ("the images in %s are not those of %s: they differ in image 7, here image 7 of %s; its"
                + " memory bank and graph belong to the others")
            .formatted(data, run.resolve("checkpoint.safetensors"), images),
        failure.getMessage());
  }

  @Test
  void imagesInAnotherOrderAreOthers() throws IOException {
    Path photos = temp.resolve("photos");
    for (String name : List.of("a/1.png", "a/2.png", "b/1.png")) {
      Files.createDirectories(photos.resolve(name).getParent());
      Files.writeString(photos.resolve(name), name);
    }
    Path checkpoint = temp.resolve("named.safetensors");
    try (ImageDataset images = FolderDataset.open(photos);
        TrainingState state =
            new TrainingState(
                ConfigFile.parse("x", TinyRun.yaml(photos), List.of()),
                images.size(),
                1,
                ProcessGroup.alone())) {
      state.setImages(DatasetIdentity.copy(images, List.of(photos)));
      state.save(checkpoint);
    }
    assertEquals("", difference(checkpoint, photos));
    Files.move(photos.resolve("a/2.png"), photos.resolve("a/0.png"));
    assertTrue(difference(checkpoint, photos).contains("differ in image 0, here "));
    Files.move(photos.resolve("a/0.png"), photos.resolve("a/2.png"));
    Files.writeString(photos.resolve("b/1.png"), "longer than before");
    assertTrue(difference(checkpoint, photos).contains("differ in the sizes of files"));
    Files.delete(photos.resolve("b/1.png"));
    Files.delete(photos.resolve("b"));
    assertTrue(difference(checkpoint, photos).contains("differ in number"));
  }

  private static String difference(Path checkpoint, Path folder) {
    try (Checkpoint read = Checkpoint.read(checkpoint);
        ImageDataset images = FolderDataset.open(folder)) {
      return read.compareImages(images, List.of(folder)).orElse("");
    } catch (InvalidDataException e) {
      return e.getMessage();
    }
  }

  @Test
  void aCheckpointThatDoesNotSayGoesOnWithAWarning() {
    Path path = run.resolve("checkpoint.safetensors");
    try (TensorFile file = Safetensors.read(path)) {
      Map<String, String> older = new HashMap<>(file.metadata());
      older.remove(Checkpoint.IMAGES_DIGEST);
      List<NamedTensor> tensors =
          file.tensors().stream()
              .filter(tensor -> !tensor.name().equals(Checkpoint.IMAGES))
              .toList();
      Safetensors.write(path, older, tensors);
    }
    Listening stopper = train(data, 2);
    assertTrue(
        stopper.warnings.stream().anyMatch(line -> line.contains("does not say which images")),
        stopper.warnings::toString);
  }

  private Listening train(Path images, int epochs) {
    Listening stopper = new Listening();
    TinyRun.train(
        run,
        ConfigFile.parse(
            "x",
            TinyRun.yaml(images),
            List.of("training.epochs=" + epochs, "optimizer.schedule_epochs=2")),
        stopper);
    return stopper;
  }

  /** Never stops, and keeps what it is warned of. */
  private static final class Listening extends Stopper {
    private final List<String> warnings = new ArrayList<>();

    Listening() {
      super(-1, null);
    }

    @Override
    public void warning(String message) {
      warnings.add(message);
    }
  }
}
