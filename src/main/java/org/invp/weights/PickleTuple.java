package org.invp.weights;

import java.util.List;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * A tuple of a pickle.
 *
 * @param values may hold null, Python's None
 */
record PickleTuple(List<Object> values) {
  private static final int MOST_DIMENSIONS = 16;

  int size() {
    return values.size();
  }

  /** The value at a place, which must be of that type. */
  <T> T get(int place, Class<T> type) {
    if (place < values.size() && type.isInstance(values.get(place))) {
      return type.cast(values.get(place));
    }
    throw new InvalidDataException("the pickle calls something with unfit arguments");
  }

  /** The extents or strides in the tuple at a place. */
  long[] longs(int place) {
    PickleTuple tuple = get(place, PickleTuple.class);
    if (tuple.size() > MOST_DIMENSIONS) {
      throw new InvalidDataException(
          Text.format(
              "the pickle has a tensor of %d dimensions, at most %d",
              tuple.size(), MOST_DIMENSIONS));
    }
    long[] numbers = new long[tuple.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = tuple.get(i, Long.class);
    }
    return numbers;
  }
}
