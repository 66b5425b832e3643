package org.invp.distributed;

import org.invp.InvpException;

/** A rank is gone or silent; the message names it where that could be found out. */
public final class RankLostException extends InvpException {
  private static final long serialVersionUID = 1L;

  RankLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
