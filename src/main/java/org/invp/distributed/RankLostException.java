package org.invp.distributed;

import java.util.regex.Pattern;
import org.invp.InvpException;
import org.invp.internal.Text;

/** A rank is gone or silent; the message names it where that could be found out. */
public final class RankLostException extends InvpException {
  private static final long serialVersionUID = 1L;
  private static final Pattern FORM = Pattern.compile("rank \\d+: .*");

  /**
   * A loss.
   *
   * @param rank who noticed
   * @param what it noticed
   */
  RankLostException(int rank, String what, Throwable cause) {
    super(Text.format("rank %d: %s", rank, what), cause);
  }

  /** Whether a line is such a message, or begins with one; every survivor has one of its own. */
  public static boolean isMessage(String line) {
    return FORM.matcher(line).matches();
  }
}
