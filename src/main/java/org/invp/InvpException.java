package org.invp;

/**
 * Base of every failure that invp reports. The message is one line: what was wrong, where, and what
 * would be right. Since it may quote what a file holds, control characters and line ends in it
 * become blanks, and what is too long for anybody to read is cut.
 */
public class InvpException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST = 8000;

  public InvpException(String message) {
    super(oneLine(message));
  }

  public InvpException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  private static String oneLine(String message) {
    if (message == null) {
      return null;
    }
    String line = message.replaceAll("[\\p{Cntrl}\\u2028\\u2029]+", " ").strip();
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
