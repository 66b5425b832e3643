package org.invp.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.invp.data.Augmentation;
import org.invp.data.Batch;
import org.invp.data.Blur;
import org.invp.data.Crop;
import org.invp.data.DataLoader;
import org.invp.data.Decoding;
import org.invp.data.FolderDataset;
import org.invp.data.ImageDataset;
import org.invp.data.Jitter;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code invp bench loader}: epochs of a loader alone, with nobody training, under the augmentation
 * of {@code configs/imagenet-resnet50.yaml}.
 */
@Command(
    name = "loader",
    description = "Measure how fast JPEG files are read, decoded and augmented for ImageNet.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
final class BenchLoaderCommand implements Callable<Integer> {
  private static final double NANOS = 1e-9;
  private static final int SIZE = 224;
  private static final long SEED = 0;

  @Mixin private BenchRuns common;

  @Option(names = "--images", paramLabel = "N", description = "Images in an epoch, at most.")
  private int images = 400;

  @Option(names = "--batch", paramLabel = "B", description = "Images in a batch.")
  private int batch = 64;

  @Option(
      names = "--decode",
      paramLabel = "MODE",
      description = "How JPEG files are decoded: scaled or exact.")
  private Decoding.Mode mode = Decoding.Mode.SCALED;

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description =
          "Read train/ of this folder; if there is no such folder, make pictures of 500 x 375"
              + " there, and leave them. Without it they are made in a temporary folder.")
  private Path data;

  @Override
  public Integer call() throws IOException {
    common.check();
    common.atLeast("--images", images, 1);
    common.atLeast("--batch", batch, 1);
    if (data != null) {
      if (Files.notExists(data)) {
        Photographs.write(data, images);
      }
      measure(data);
      return 0;
    }
    Path folder = Files.createTempDirectory("invp-bench-loader");
    try {
      Photographs.write(folder, images);
      measure(folder);
    } finally {
      delete(folder);
    }
    return 0;
  }

  private void measure(Path folder) throws IOException {
    try (ImageDataset whole = FolderDataset.open(folder, Split.TRAIN)) {
      int count = Math.min(images, whole.size());
      Map<String, Object> sizes = new LinkedHashMap<>();
      sizes.put("images", count);
      sizes.put("batch", batch);
      sizes.put("decode", mode.name().toLowerCase(Locale.ROOT));
      common.print("loader", sizes, figures(count, seconds(whole.subset(count))));
    }
  }

  /** Of every epoch; one before them, not measured, fills the disk cache and warms the code up. */
  private double[] seconds(ImageDataset dataset) {
    double[] seconds = new double[common.repeats()];
    try (DataLoader loader =
        new DataLoader(dataset, augmentation(), batch, common.threads(), SEED, true)) {
      epoch(loader, 0);
      for (int i = 0; i < seconds.length; i++) {
        long start = System.nanoTime();
        epoch(loader, i + 1);
        seconds[i] = (System.nanoTime() - start) * NANOS;
      }
    }
    return seconds;
  }

  private static void epoch(DataLoader loader, int number) {
    loader.start(number, 0);
    Batch taken = loader.next();
    while (taken != null) {
      taken = loader.next();
    }
  }

  private Augmentation augmentation() {
    return new Augmentation(
        SIZE,
        SIZE,
        Crop.PUBLISHED,
        new Jitter(0.8, 0.4, 0.4, 0.4, 0.1),
        0.2,
        new Blur(0.5, 0.1, 2),
        0.5,
        Normalisation.IMAGENET,
        new Decoding(mode, Decoding.Exif.IGNORE, Decoding.OnCorrupt.FAIL));
  }

  private static Map<String, Object> figures(int count, double[] seconds) {
    double median = BenchMeasurement.median(seconds);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("images_per_second", count / median);
    figures.put("median_s", median);
    figures.put("min_s", Arrays.stream(seconds).min().orElseThrow());
    figures.put("max_s", Arrays.stream(seconds).max().orElseThrow());
    return figures;
  }

  private static void delete(Path folder) throws IOException {
    List<Path> entries;
    try (Stream<Path> found = Files.walk(folder)) {
      entries = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path entry : entries) {
      Files.delete(entry);
    }
  }
}
