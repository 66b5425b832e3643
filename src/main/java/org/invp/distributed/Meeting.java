package org.invp.distributed;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.invp.InvpException;
import org.invp.internal.Text;

/**
 * The time that the ranks have to come together. Native code keeps to it by itself, but for where
 * something listens at the port that takes every question and answers none.
 */
final class Meeting {
  /** So that native code, which knows more, speaks first. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  private final Membership membership;

  Meeting(Membership membership) {
    this.membership = membership;
  }

  /**
   * What a call returns, in time. One that does not return is left behind, in a thread that ends
   * with the process.
   *
   * @throws RankLostException if the ranks did not meet, with the reason
   */
  <T> T of(Supplier<T> call) {
    FutureTask<T> meeting = new FutureTask<>(call::get);
    Thread.ofPlatform().name("invp-meeting").daemon(true).start(meeting);
    try {
      return meeting.get(membership.timeout().plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw failed(
          Text.format(
              "who listens there did not answer within %d s", membership.timeout().toSeconds()),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("interrupted", e);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case InvpException reason -> throw failed(reason.getMessage(), reason);
        case RuntimeException fault -> throw fault;
        case Error fault -> throw fault;
        default -> throw new IllegalStateException(e.getCause());
      }
    }
  }

  private RankLostException failed(String reason, Throwable cause) {
    return new RankLostException(
        membership.rank(),
        Text.format(
            "not all %d ranks met at %s:%d: %s",
            membership.size(), membership.host(), membership.port(), reason),
        cause);
  }
}
