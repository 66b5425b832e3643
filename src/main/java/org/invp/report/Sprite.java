package org.invp.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import javax.imageio.ImageIO;
import org.invp.InvpException;
import org.invp.data.DataLoader;
import org.invp.data.EvaluationTransform;
import org.invp.data.ImageDataset;
import org.invp.tensor.FloatTensor;

/** All thumbnails of a page in one PNG, side by side in rows of {@value #COLUMNS}. */
final class Sprite {
  static final int COLUMNS = 40;

  private static final int MAX_SIDE = 32;
  private static final int GRAY = 0x808080;

  private final EvaluationTransform view;
  private final int workers;
  private final int side;
  private final List<int[]> tiles = new ArrayList<>();

  /**
   * @param view how images are prepared, without normalisation: values in [0, 1], square
   * @param workers threads that decode images
   */
  Sprite(EvaluationTransform view, int workers) {
    this.view = view;
    this.workers = workers;
    this.side = Math.min(MAX_SIDE, view.height());
  }

  /**
   * Adds thumbnails of some images; one that cannot be read, where such are skipped, is gray.
   *
   * @return the position of the first; the others follow it
   */
  int add(ImageDataset images, int... indices) {
    int first = tiles.size();
    if (indices.length == 0) {
      return first;
    }
    int[] blank = new int[side * side];
    Arrays.fill(blank, GRAY);
    tiles.addAll(Collections.nCopies(indices.length, blank));
    int batch = Math.min(indices.length, 64);
    try (DataLoader loader =
        new DataLoader(new ChosenImages(images, indices), view, batch, workers, 0, true)) {
      loader.forEach(
          0,
          () -> {},
          next -> {
            for (int i = 0; i < next.size(); i++) {
              tiles.set(first + next.indices().get(i), shrink(next.images(), i));
            }
          });
    }
    return first;
  }

  /** Rows of thumbnails. */
  int rows() {
    return Math.max(1, (tiles.size() + COLUMNS - 1) / COLUMNS);
  }

  /** The whole as a {@code data:} address. */
  String toDataAddress() {
    BufferedImage image =
        new BufferedImage(
            COLUMNS * side,
            rows() * side,
            view.channels() == 1 ? BufferedImage.TYPE_BYTE_GRAY : BufferedImage.TYPE_INT_RGB);
    for (int tile = 0; tile < tiles.size(); tile++) {
      int left = tile % COLUMNS * side;
      int top = tile / COLUMNS * side;
      int[] pixels = tiles.get(tile);
      for (int at = 0; at < pixels.length; at++) {
        int x = left + at % side;
        int y = top + at / side;
        if (view.channels() == 1) {
          // Not setRGB, which would take the values for linear light.
          image.getRaster().setSample(x, y, 0, pixels[at] & 0xff);
        } else {
          image.setRGB(x, y, pixels[at]);
        }
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new InvpException("could not encode the thumbnails", e);
    }
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Means over boxes of pixels. */
  private int[] shrink(FloatTensor images, int index) {
    int height = view.height();
    int width = view.width();
    int channels = view.channels();
    int[] pixels = new int[side * side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int colour = 0;
        for (int c = 0; c < 3; c++) {
          long plane = ((long) index * channels + Math.min(c, channels - 1)) * height;
          double sum = 0;
          int count = 0;
          for (int v = y * height / side; v < (y + 1) * height / side; v++) {
            for (int u = x * width / side; u < (x + 1) * width / side; u++) {
              sum += images.get((plane + v) * width + u);
              count++;
            }
          }
          colour = colour << 8 | Math.clamp(Math.round(255 * sum / count), 0, 255);
        }
        pixels[y * side + x] = colour;
      }
    }
    return pixels;
  }
}
