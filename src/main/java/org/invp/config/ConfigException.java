package org.invp.config;

import org.invp.InvpException;

/**
 * A setting that cannot be used; the message names the file, the key, the value and what is
 * allowed.
 */
public final class ConfigException extends InvpException {
  private static final long serialVersionUID = 1L;

  public ConfigException(String message) {
    super(message);
  }

  public ConfigException(String message, Throwable cause) {
    super(message, cause);
  }
}
