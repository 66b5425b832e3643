package org.invp.distributed;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.invp.InvpException;
import org.invp.internal.Text;

/**
 * Finds out which rank is gone after a collective failed. A survivor's own failure does not tell:
 * it may have lost its neighbour in the ring, who gave up because of another. So every survivor
 * signs in at the store, which rank 0 serves, and who has not signed in a while later is the one.
 */
final class RollCall {
  /** How long survivors may take to notice and sign in, unless silence is cut shorter. */
  private static final long LONGEST_GRACE_MILLIS = 5_000;

  private static final String SURVIVOR = "survivor/";
  private static final String HEARD = "heard/";

  private final Membership membership;
  private final Writer writer;
  private final Reader reader;
  private final long graceMillis;

  /** Writes a value to the store. */
  interface Writer {
    void set(String key, String value);
  }

  /** Whether a key is in the store, or comes within the time. */
  interface Reader {
    boolean has(String key, long timeoutMillis);
  }

  RollCall(Membership membership, Writer writer, Reader reader) {
    this.membership = membership;
    this.writer = writer;
    this.reader = reader;
    graceMillis = Math.min(LONGEST_GRACE_MILLIS, membership.timeout().toMillis());
  }

  /** The exception that names who is missing. */
  RankLostException lost(InvpException failure) {
    // Rank 0 may be stopped rather than gone: its store then keeps the connection, and is silent.
    FutureTask<RankLostException> call = new FutureTask<>(() -> call(failure));
    Thread.ofPlatform().name("invp-roll-call").daemon(true).start(call);
    try {
      return call.get(4 * graceMillis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return lost(List.of(0), failure);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new RankLostException(membership.rank(), "a rank is lost", failure);
    }
  }

  private RankLostException call(InvpException failure) {
    try {
      writer.set(SURVIVOR + membership.rank(), failure.getMessage());
      List<Integer> missing = missing();
      writer.set(HEARD + membership.rank(), "");
      if (membership.leads()) {
        waitUntilAllHeard(missing);
      }
      return lost(missing, failure);
    } catch (InvpException e) {
      return lost(List.of(0), failure);
    }
  }

  // The store ends with rank 0: who still asks then would take rank 0 for the lost one.
  private void waitUntilAllHeard(List<Integer> missing) {
    for (int rank = 1; rank < membership.size(); rank++) {
      if (!missing.contains(rank)) {
        reader.has(HEARD + rank, graceMillis);
      }
    }
  }

  private List<Integer> missing() {
    long end = System.nanoTime() + graceMillis * 1_000_000;
    List<Integer> missing = new ArrayList<>();
    for (int rank = 0; rank < membership.size(); rank++) {
      long left = Math.max(0, (end - System.nanoTime()) / 1_000_000);
      if (!reader.has(SURVIVOR + rank, left)) {
        missing.add(rank);
      }
    }
    return missing;
  }

  private RankLostException lost(List<Integer> missing, InvpException failure) {
    String who =
        missing.isEmpty()
            ? Text.format(
                "some rank was silent for %d s, suspended or too slow; all answer now",
                membership.timeout().toSeconds())
            : Text.format(
                "lost rank %s of %d",
                String.join(", ", missing.stream().map(String::valueOf).toList()),
                membership.size());
    return new RankLostException(membership.rank(), who, failure);
  }
}
