package org.invp.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import javax.imageio.ImageReader;
import org.invp.InvalidDataException;

/** A PNG file. The reader asks for none of its checksums, so damage would become wrong pixels. */
final class PngFile {
  private static final int SIGNATURE_SIZE = 8;
  private static final int TYPE_SIZE = 4;
  private static final int END = 0x49454e44; // "IEND"

  /** Set in the type of a chunk that pixels do not depend on. */
  private static final int ANCILLARY = 0x20000000;

  private PngFile() {}

  /**
   * Decodes the file.
   *
   * @param file the whole file that the reader reads
   * @throws InvalidDataException if a chunk that matters is damaged or not whole
   */
  static DecodedImage read(ImageReader reader, byte[] file) throws IOException {
    requireIntact(ByteBuffer.wrap(file).position(SIGNATURE_SIZE));
    return DecodedImage.of(reader.read(0));
  }

  /** Each chunk is its data's length, its type, the data, and a CRC-32 of the last two. */
  private static void requireIntact(ByteBuffer chunks) {
    int type = 0;
    while (type != END && chunks.remaining() > 2 * Integer.BYTES) {
      int length = chunks.getInt();
      type = chunks.getInt(chunks.position());
      if (length < 0 || length > chunks.remaining() - TYPE_SIZE - Integer.BYTES) {
        throw new InvalidDataException("not a whole image: a chunk is longer than the file");
      }
      CRC32 checksum = new CRC32();
      checksum.update(chunks.slice(chunks.position(), TYPE_SIZE + length));
      chunks.position(chunks.position() + TYPE_SIZE + length);
      if (chunks.getInt() != (int) checksum.getValue() && (type & ANCILLARY) == 0) {
        throw new InvalidDataException("not a whole image: a chunk has not the checksum it states");
      }
    }
  }
}
