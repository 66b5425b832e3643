package org.invp.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A dictionary of a pickle, in its order. Keys are texts, numbers, truth values or null; entries
 * with others, whose hash could take forever, are left out: no tensor is called by them.
 */
final class PickleDict {
  private Map<Object, Object> entries = Map.of();

  void put(Object key, Object value) {
    if (key != null
        && !(key instanceof String)
        && !(key instanceof Long)
        && !(key instanceof Double)
        && !(key instanceof Boolean)) {
      return;
    }
    if (entries.isEmpty()) {
      entries = new LinkedHashMap<>();
    }
    entries.put(key, value);
  }

  Map<Object, Object> entries() {
    return Collections.unmodifiableMap(entries);
  }
}
