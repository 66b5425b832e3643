package org.invp.data;

import java.util.Arrays;
import java.util.Optional;
import org.invp.internal.Text;

/** Images that two data sets have in common, as far as their places tell. */
public final class SharedImages {
  /** FNV-1a of 64 bits (Fowler, Noll, Vo): of millions of places hardly two are alike. */
  private static final long BASIS = 0xcbf29ce484222325L;

  private static final long PRIME = 0x100000001b3L;

  private SharedImages() {}

  /** How many of the test images are training images too, in a sentence; nothing if none is. */
  public static Optional<String> remark(ImageDataset train, ImageDataset test) {
    long[] places = places(train);
    long[] tested = places(test);
    long shared =
        Arrays.stream(tested).filter(place -> Arrays.binarySearch(places, place) >= 0).count();
    return shared == 0
        ? Optional.empty()
        : Optional.of(
            Text.format(
                "%,d of the %,d test images are training images too: how they are classified says"
                    + " nothing of new ones",
                shared, tested.length));
  }

  /** A hash of every image's place, ascending. */
  private static long[] places(ImageDataset images) {
    long[] places = new long[images.size()];
    for (int image = 0; image < places.length; image++) {
      long hash = BASIS;
      String place = images.describe(image);
      for (int at = 0; at < place.length(); at++) {
        hash = (hash ^ place.charAt(at)) * PRIME;
      }
      places[image] = hash;
    }
    Arrays.sort(places);
    return places;
  }
}
