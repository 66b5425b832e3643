package org.invp.report;

import java.util.Locale;

/** HTML or SVG text that grows; what is not markup is escaped. */
final class Html {
  private final StringBuilder text = new StringBuilder();

  /** Appends markup as it is. */
  Html raw(String markup) {
    text.append(markup);
    return this;
  }

  /** Appends markup with values filled in; the values are not escaped. */
  Html raw(String markup, Object... values) {
    text.append(String.format(Locale.ROOT, markup, values));
    return this;
  }

  /** Appends text for the reader. */
  Html text(String words) {
    text.append(escape(words));
    return this;
  }

  /** Appends an element that holds nothing but text. */
  Html element(String start, String words, String end) {
    return raw(start).text(words).raw(end);
  }

  /** Text in which no character means markup, within attributes neither. */
  static String escape(String words) {
    return words
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
