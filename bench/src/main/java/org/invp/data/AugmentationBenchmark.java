package org.invp.data;

import java.io.IOException;
import java.util.List;
import java.util.SplittableRandom;
import org.invp.bench.ShortRun;
import org.invp.bench.TestImage;
import org.invp.tensor.FloatTensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A training view of one image on one thread, under the recipes of {@code configs/}. Lives in this
 * package to call the transform itself, without a loader around it.
 */
@State(Scope.Benchmark)
public class AugmentationBenchmark extends ShortRun {
  /** What is transformed. */
  public enum Recipe {
    /** 28 x 28, gray pixels. */
    FASHION(
        28,
        28,
        1,
        new Augmentation(
            28,
            28,
            Crop.PUBLISHED,
            new Jitter(1, 0.4, 0.4, 0, 0),
            0,
            Blur.NONE,
            0.5,
            new Normalisation(List.of(0.2860), List.of(0.3530)))),
    /** 32 x 32, RGB pixels. */
    CIFAR(
        32,
        32,
        3,
        new Augmentation(
            32,
            32,
            Crop.PUBLISHED,
            new Jitter(1, 0.4, 0.4, 0.4, 0.4),
            0.2,
            Blur.NONE,
            0,
            new Normalisation(List.of(0.4914, 0.4822, 0.4465), List.of(0.2023, 0.1994, 0.2010)))),
    /** A JPEG file of 500 x 375, to 224 x 224. */
    IMAGENET(
        375,
        500,
        3,
        new Augmentation(
            224,
            224,
            Crop.PUBLISHED,
            new Jitter(0.8, 0.4, 0.4, 0.4, 0.1),
            0.2,
            new Blur(0.5, 0.1, 2),
            0.5,
            Normalisation.IMAGENET));

    private final int height;
    private final int width;
    private final int channels;
    private final Augmentation augmentation;

    Recipe(int height, int width, int channels, Augmentation augmentation) {
      this.height = height;
      this.width = width;
      this.channels = channels;
      this.augmentation = augmentation;
    }
  }

  /** The recipe. */
  @Param public Recipe recipe;

  private NativeTransform transform;
  private ImageBuffer image;
  private FloatTensor view;
  private int index;

  /** Makes the image. */
  @Setup
  public void prepare() throws IOException {
    transform = new NativeTransform(recipe.augmentation);
    image = new ImageBuffer();
    Augmentation augmentation = recipe.augmentation;
    view =
        FloatTensor.allocate(augmentation.channels(), augmentation.height(), augmentation.width());
    if (recipe == Recipe.IMAGENET) {
      image.setJpeg(TestImage.jpeg(recipe.width, recipe.height));
    } else {
      byte[] pixels = new byte[recipe.height * recipe.width * recipe.channels];
      new SplittableRandom(1).nextBytes(pixels);
      image.setPixels(pixels, recipe.height, recipe.width, recipe.channels);
    }
  }

  /** One image, another view of it every time. */
  @Benchmark
  public void view() {
    transform.apply(0, 1, index++ & 0xFFFF, image, view.segment());
  }

  /** Releases the memory. */
  @TearDown
  public void close() {
    transform.close();
    image.close();
    view.close();
  }
}
