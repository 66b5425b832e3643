package org.invp.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.bindings.image.InvpImage;
import org.invp.bindings.image.invp_image_augmentation;
import org.invp.bindings.image.invp_image_evaluation;
import org.invp.internal.NativeLibraries;
import org.invp.internal.NativeObjects;
import org.invp.internal.Room;
import org.invp.internal.Status;
import org.invp.internal.Text;

/**
 * A transform in the native library, with one worker's scratch memory. For one thread at a time.
 */
final class NativeTransform implements AutoCloseable {
  private static final String KIND = "image workspace";
  private final Arena arena = NativeObjects.sharedArena();
  private final Transform transform;
  private final MemorySegment settings;
  private final ImageBuffer scratch = new ImageBuffer();
  private MemorySegment workspace;

  NativeTransform(Transform transform) {
    this.transform = transform;
    try {
      NativeLibraries.requireImage();
      settings =
          switch (transform) {
            case Augmentation augmentation -> settings(augmentation);
            case EvaluationTransform evaluation -> settings(evaluation);
            case TenCrop crops -> settings(crops.view());
          };
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      Status.check(InvpImage.invp_image_workspace_create(out), Room.IMAGE);
      workspace = out.get(ValueLayout.ADDRESS, 0);
      NativeObjects.opened(KIND);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Transforms one image.
   *
   * @param output [channels, height, width] floats
   * @throws org.invp.InvalidDataException if the image is damaged
   */
  void apply(long seed, long epoch, int index, ImageBuffer image, MemorySegment output) {
    if (workspace == null) {
      throw new IllegalStateException("the transform is closed");
    }
    if (transform instanceof TenCrop crops) {
      tenCrops(crops.view(), image, output);
      return;
    }
    MemorySegment data = image.data();
    int status =
        transform instanceof Augmentation
            ? InvpImage.invp_image_augment(
                workspace,
                settings,
                seed,
                epoch,
                index,
                data,
                data.byteSize(),
                encoding(image),
                image.height(),
                image.width(),
                image.channels(),
                output)
            : InvpImage.invp_image_evaluate(
                workspace,
                settings,
                data,
                data.byteSize(),
                encoding(image),
                image.height(),
                image.width(),
                image.channels(),
                output);
    Status.check(status, Room.IMAGE);
  }

  /** The whole image, resized and normalised by one native call; the crops are copies of it. */
  private void tenCrops(EvaluationTransform view, ImageBuffer image, MemorySegment output) {
    int height = image.height();
    int width = image.width();
    if (image.encoding() != ImageBuffer.Encoding.PIXELS) {
      try (Arena call = Arena.ofConfined()) {
        MemorySegment size = call.allocate(ValueLayout.JAVA_INT, 2);
        int status =
            InvpImage.invp_image_size(
                workspace,
                image.data(),
                image.data().byteSize(),
                encoding(image),
                exif(view.decoding()),
                size,
                size.asSlice(Integer.BYTES));
        Status.check(status, Room.IMAGE);
        height = size.getAtIndex(ValueLayout.JAVA_INT, 0);
        width = size.getAtIndex(ValueLayout.JAVA_INT, 1);
      }
    }
    int resizedHeight = TenCropper.resizedExtent(height, width, view.resize());
    int resizedWidth = TenCropper.resizedExtent(width, height, view.resize());
    if (resizedHeight < view.height() || resizedWidth < view.width()) {
      throw new InvalidDataException(
          Text.format(
              "an image of %d x %d pixels cannot give crops of %d x %d; resize it to at least that",
              resizedWidth, resizedHeight, view.width(), view.height()));
    }
    if (Math.max(resizedHeight, resizedWidth) > Transform.MAX_EXTENT) {
      throw new InvalidDataException(
          Text.format(
              "an image of %d x %d pixels, at most %d a side can be cut into ten crops",
              resizedWidth, resizedHeight, Transform.MAX_EXTENT));
    }
    long bytes = (long) Float.BYTES * view.channels() * resizedHeight * resizedWidth;
    MemorySegment whole = scratch.reserve(bytes);
    invp_image_evaluation.height(settings, resizedHeight);
    invp_image_evaluation.width(settings, resizedWidth);
    evaluate(image, whole);
    new TenCropper(whole, view.channels(), resizedHeight, resizedWidth, view.height(), view.width())
        .cut(output);
  }

  private void evaluate(ImageBuffer image, MemorySegment output) {
    int status =
        InvpImage.invp_image_evaluate(
            workspace,
            settings,
            image.data(),
            image.data().byteSize(),
            encoding(image),
            image.height(),
            image.width(),
            image.channels(),
            output);
    Status.check(status, Room.IMAGE);
  }

  @Override
  public void close() {
    scratch.close();
    if (workspace != null) {
      MemorySegment ending = workspace;
      workspace = null;
      arena.close();
      Status.check(InvpImage.invp_image_workspace_destroy(ending), Room.IMAGE);
      NativeObjects.closed(KIND);
    }
  }

  private MemorySegment settings(Augmentation a) {
    MemorySegment s = invp_image_augmentation.allocate(arena);
    invp_image_augmentation.channels(s, a.channels());
    invp_image_augmentation.height(s, a.height());
    invp_image_augmentation.width(s, a.width());
    invp_image_augmentation.area_low(s, a.crop().areaLow());
    invp_image_augmentation.area_high(s, a.crop().areaHigh());
    invp_image_augmentation.ratio_low(s, a.crop().ratioLow());
    invp_image_augmentation.ratio_high(s, a.crop().ratioHigh());
    invp_image_augmentation.brightness(s, a.jitter().brightness());
    invp_image_augmentation.contrast(s, a.jitter().contrast());
    invp_image_augmentation.saturation(s, a.jitter().saturation());
    invp_image_augmentation.hue(s, a.jitter().hue());
    invp_image_augmentation.jitter_probability(s, a.jitter().probability());
    invp_image_augmentation.gray_probability(s, a.gray());
    invp_image_augmentation.blur_low(s, a.blur().deviationLow());
    invp_image_augmentation.blur_high(s, a.blur().deviationHigh());
    invp_image_augmentation.blur_probability(s, a.blur().probability());
    invp_image_augmentation.flip_probability(s, a.flip());
    copy(a.normalisation().mean(), invp_image_augmentation.mean(s));
    copy(a.normalisation().deviation(), invp_image_augmentation.deviation(s));
    invp_image_augmentation.decode(s, decode(a.decoding()));
    invp_image_augmentation.exif(s, exif(a.decoding()));
    Status.check(InvpImage.invp_image_check(s), Room.IMAGE);
    return s;
  }

  private MemorySegment settings(EvaluationTransform e) {
    MemorySegment s = invp_image_evaluation.allocate(arena);
    invp_image_evaluation.channels(s, e.channels());
    invp_image_evaluation.resize(s, e.resize());
    invp_image_evaluation.height(s, e.height());
    invp_image_evaluation.width(s, e.width());
    copy(e.normalisation().mean(), invp_image_evaluation.mean(s));
    copy(e.normalisation().deviation(), invp_image_evaluation.deviation(s));
    invp_image_evaluation.decode(s, decode(e.decoding()));
    invp_image_evaluation.exif(s, exif(e.decoding()));
    return s;
  }

  private static int encoding(ImageBuffer image) {
    return switch (image.encoding()) {
      case PIXELS -> InvpImage.INVP_IMAGE_PIXELS();
      case JPEG -> InvpImage.INVP_IMAGE_JPEG();
      case WEBP -> InvpImage.INVP_IMAGE_WEBP();
    };
  }

  private static int decode(Decoding decoding) {
    return switch (decoding.mode()) {
      case EXACT -> InvpImage.INVP_IMAGE_EXACT();
      case SCALED -> InvpImage.INVP_IMAGE_SCALED();
    };
  }

  private static int exif(Decoding decoding) {
    return switch (decoding.exif()) {
      case IGNORE -> InvpImage.INVP_IMAGE_EXIF_IGNORE();
      case APPLY -> InvpImage.INVP_IMAGE_EXIF_APPLY();
    };
  }

  private static void copy(List<Double> values, MemorySegment target) {
    for (int c = 0; c < values.size(); c++) {
      target.setAtIndex(ValueLayout.JAVA_FLOAT, c, values.get(c).floatValue());
    }
  }
}
