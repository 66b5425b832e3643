package org.invp.data;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.util.Arrays;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadUpdateListener;
import javax.imageio.metadata.IIOMetadata;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * The first frame of a GIF file on its canvas, the logical screen, which grows if the frame does
 * not fit. What the frame leaves free has its transparent colour, else the palette's first: so
 * Pillow, which asks as little for the background colour as browsers do.
 */
final class GifFrame {
  private static final int SCREEN_WIDTH = 6;
  private static final int SCREEN_HEIGHT = 8;
  private static final int SCREEN_FLAGS = 10;
  private static final int GLOBAL_PALETTE = 13;
  private static final int HAS_PALETTE = 0x80;
  private static final int PALETTE_BITS = 7;

  private final ImageReader reader;
  private final byte[] file;
  private final Node tree;

  private GifFrame(ImageReader reader, byte[] file) throws IOException {
    this.reader = reader;
    this.file = file;
    IIOMetadata metadata = reader.getImageMetadata(0);
    this.tree = metadata.getAsTree(metadata.getNativeMetadataFormatName());
  }

  /**
   * Decodes the frame.
   *
   * @param file the whole file that the reader reads
   * @throws InvalidDataException if the canvas is too large, or rows of the frame are missing
   */
  static DecodedImage read(ImageReader reader, byte[] file) throws IOException {
    return new GifFrame(reader, file).read();
  }

  private DecodedImage read() throws IOException {
    Element place = child("ImageDescriptor");
    int left = number(place, "imageLeftPosition");
    int top = number(place, "imageTopPosition");
    int width = Math.max(word(SCREEN_WIDTH), left + number(place, "imageWidth"));
    int height = Math.max(word(SCREEN_HEIGHT), top + number(place, "imageHeight"));
    ImageIoDecoder.requireSize(height, width);
    Raster frame = frame().getRaster();
    boolean covered = frame.getWidth() == width && frame.getHeight() == height;
    return DecodedImage.ofPalette(
        covered ? frame : canvas(frame, height, width, top, left), palette());
  }

  /** The reader is content with a frame whose data end early, and leaves its other rows blank. */
  private BufferedImage frame() throws IOException {
    RowCount rows = new RowCount();
    reader.addIIOReadUpdateListener(rows);
    BufferedImage frame = reader.read(0);
    if (rows.count < frame.getHeight()) {
      throw new InvalidDataException(
          Text.format("not a whole image: %d of %d rows", rows.count, frame.getHeight()));
    }
    return frame;
  }

  private Raster canvas(Raster frame, int height, int width, int top, int left) {
    WritableRaster canvas =
        new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY).getRaster();
    int[] free = new int[width];
    Arrays.fill(free, free());
    for (int y = 0; y < height; y++) {
      canvas.setPixels(0, y, width, 1, free);
    }
    int[] row = new int[frame.getWidth()];
    for (int y = 0; y < frame.getHeight(); y++) {
      canvas.setPixels(left, top + y, row.length, 1, frame.getPixels(0, y, row.length, 1, row));
    }
    return canvas;
  }

  /** The index of what is nowhere drawn. */
  private int free() {
    Element control = child("GraphicControlExtension");
    return control != null && Boolean.parseBoolean(control.getAttribute("transparentColorFlag"))
        ? number(control, "transparentColorIndex")
        : 0;
  }

  /** The frame's own palette, else the file's, else levels of gray; what it lacks is black. */
  private int[] palette() {
    int[] colours = new int[DecodedImage.PALETTE_SIZE];
    Element own = child("LocalColorTable");
    int flags = Byte.toUnsignedInt(file[SCREEN_FLAGS]);
    if (own != null) {
      NodeList entries = own.getElementsByTagName("ColorTableEntry");
      for (int i = 0; i < entries.getLength(); i++) {
        Element entry = (Element) entries.item(i);
        colours[number(entry, "index")] =
            number(entry, "red") << 16 | number(entry, "green") << 8 | number(entry, "blue");
      }
    } else if ((flags & HAS_PALETTE) != 0) {
      for (int i = 0; i < 2 << (flags & PALETTE_BITS); i++) {
        int at = GLOBAL_PALETTE + 3 * i;
        colours[i] = level(at) << 16 | level(at + 1) << 8 | level(at + 2);
      }
    } else {
      Arrays.setAll(colours, i -> i * 0x010101);
    }
    return colours;
  }

  private Element child(String name) {
    NodeList children = tree.getChildNodes();
    for (int i = 0; i < children.getLength(); i++) {
      if (children.item(i).getNodeName().equals(name)) {
        return (Element) children.item(i);
      }
    }
    return null;
  }

  private static int number(Element element, String attribute) {
    return Integer.parseInt(element.getAttribute(attribute));
  }

  private int level(int at) {
    return Byte.toUnsignedInt(file[at]);
  }

  private int word(int at) {
    return level(at) | level(at + 1) << 8;
  }

  /** Counts the rows that the reader writes. */
  private static final class RowCount implements IIOReadUpdateListener {
    private int count;

    @Override
    public void imageUpdate(
        ImageReader source,
        BufferedImage image,
        int minX,
        int minY,
        int width,
        int height,
        int periodX,
        int periodY,
        int[] bands) {
      count += height;
    }

    @Override
    public void passStarted(
        ImageReader source,
        BufferedImage image,
        int pass,
        int minPass,
        int maxPass,
        int minX,
        int minY,
        int periodX,
        int periodY,
        int[] bands) {}

    @Override
    public void passComplete(ImageReader source, BufferedImage image) {}

    @Override
    public void thumbnailPassStarted(
        ImageReader source,
        BufferedImage image,
        int pass,
        int minPass,
        int maxPass,
        int minX,
        int minY,
        int periodX,
        int periodY,
        int[] bands) {}

    @Override
    public void thumbnailUpdate(
        ImageReader source,
        BufferedImage image,
        int minX,
        int minY,
        int width,
        int height,
        int periodX,
        int periodY,
        int[] bands) {}

    @Override
    public void thumbnailPassComplete(ImageReader source, BufferedImage image) {}
  }
}
