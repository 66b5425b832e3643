package org.invp.train;

import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.invp.distributed.ProcessGroup;
import org.invp.distributed.ProcessGroup.Reduction;
import org.invp.internal.Text;
import org.invp.io.Fingerprint;
import org.invp.tensor.IntTensor;

/**
 * Finds out whether what every rank says of itself is the same. A digest crosses the network; the
 * texts do only where digests differ.
 */
final class RankComparison {
  /** What the line about a difference begins with; it is the same line on all ranks. */
  static final String PREFIX = "the ranks differ: ";

  private static final int DIGEST_WORDS = 8;

  private RankComparison() {}

  /**
   * Compares; a collective.
   *
   * @param facts what this rank says, by name; the first one that differs is named
   * @return the line that names it, and the first rank with another value than rank 0's, on every
   *     rank; empty if all ranks say the same
   */
  static Optional<String> difference(ProcessGroup group, Map<String, String> facts) {
    if (group.size() == 1) {
      return Optional.empty();
    }
    Fingerprint fingerprint = new Fingerprint();
    facts.forEach((name, value) -> fingerprint.add(name).add(value));
    List<ByteBuffer> digests =
        gather(group, HexFormat.of().parseHex(fingerprint.hex()), DIGEST_WORDS);
    if (digests.stream().distinct().count() == 1) {
      return Optional.empty();
    }
    byte[] text = encode(facts);
    long[] words = {(text.length + Integer.BYTES - 1) / Integer.BYTES};
    group.allReduce(words, Reduction.MAX);
    List<ByteBuffer> texts = gather(group, text, Math.toIntExact(words[0]));
    Map<String, String> first = decode(texts.getFirst());
    for (int rank = 1; rank < texts.size(); rank++) {
      Map<String, String> other = decode(texts.get(rank));
      for (String name : first.keySet()) {
        if (!Objects.equals(first.get(name), other.get(name))) {
          return Optional.of(
              PREFIX
                  + Text.format(
                      "%s is %s on rank 0 and %s on rank %d",
                      name, first.get(name), other.get(name), rank));
        }
      }
    }
    throw new IllegalStateException("a rank states more than rank 0: " + texts.size() + " texts");
  }

  /** All ranks' bytes, each filled up to {@code words} words with zeros. */
  private static List<ByteBuffer> gather(ProcessGroup group, byte[] bytes, int words) {
    ByteBuffer padded = ByteBuffer.allocate(words * Integer.BYTES).put(0, bytes);
    int[] own = new int[words];
    padded.asIntBuffer().get(own);
    try (IntTensor mine = IntTensor.of(own, words);
        IntTensor all = IntTensor.allocate(group.size(), words)) {
      group.allGather(mine, all);
      int[] gathered = all.toArray();
      List<ByteBuffer> parts = new ArrayList<>();
      for (int rank = 0; rank < group.size(); rank++) {
        ByteBuffer part = ByteBuffer.allocate(words * Integer.BYTES);
        part.asIntBuffer().put(IntBuffer.wrap(gathered, rank * words, words));
        parts.add(part);
      }
      return parts;
    }
  }

  private static byte[] encode(Map<String, String> facts) {
    StringBuilder text = new StringBuilder();
    facts.forEach((name, value) -> text.append(name).append('\0').append(value).append('\0'));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, String> decode(ByteBuffer text) {
    String[] words = StandardCharsets.UTF_8.decode(text.duplicate()).toString().split("\0");
    Map<String, String> facts = new LinkedHashMap<>();
    for (int i = 0; i + 1 < words.length; i += 2) {
      facts.put(words[i], words[i + 1]);
    }
    return facts;
  }
}
