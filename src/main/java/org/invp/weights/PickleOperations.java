package org.invp.weights;

import java.util.Map;
import org.invp.internal.Text;

/** Names of the operations that are refused, as pickletools has them. */
final class PickleOperations {
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry((int) 'I', "INT"),
          Map.entry((int) 'L', "LONG"),
          Map.entry((int) 'F', "FLOAT"),
          Map.entry((int) 'S', "STRING"),
          Map.entry((int) 'V', "UNICODE"),
          Map.entry((int) 'P', "PERSID"),
          Map.entry((int) 'd', "DICT"),
          Map.entry((int) 'l', "LIST"),
          Map.entry((int) 'p', "PUT"),
          Map.entry((int) 'g', "GET"),
          Map.entry(0x97, "NEXT_BUFFER"),
          Map.entry(0x98, "READONLY_BUFFER"));

  private PickleOperations() {}

  static String name(int code) {
    return NAMES.getOrDefault(code, Text.format("0x%02x", code));
  }
}
