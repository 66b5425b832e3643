package org.invp.config;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.invp.internal.Text;

/** Text from bytes that must be UTF-8. */
final class Utf8 {
  private static final String BYTE_ORDER_MARK = "\ufeff";

  private Utf8() {}

  /**
   * Decodes a whole file; a byte order mark at its start is left out.
   *
   * @param source what messages call the file
   * @throws ConfigException naming the first line that has other bytes
   */
  static String decode(String source, byte[] bytes) {
    CharsetDecoder decoder =
        StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      String text = decoder.decode(in).toString();
      return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      int line = 1;
      for (int i = 0; i < in.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      throw new ConfigException(
          Text.format("%s, line %d: not UTF-8; save the file in that encoding", source, line), e);
    }
  }
}
