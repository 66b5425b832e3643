package org.invp.internal;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import java.util.Locale;

/**
 * Formatted text that is the same wherever the program runs. The JDK's short form asks the default
 * locale, which in some places writes other digits than 0 to 9.
 */
public final class Text {
  private Text() {}

  /**
   * As {@link String#format}, in the root locale: digits 0 to 9, a decimal point, English names.
   */
  @FormatMethod
  public static String format(@FormatString String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
