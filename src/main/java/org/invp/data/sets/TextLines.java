package org.invp.data.sets;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.InvalidDataException;
import org.invp.internal.Text;
import org.invp.io.IoErrors;

/**
 * The lines of a text file of a data set: UTF-8, ended by LF or CRLF. Blank lines are passed over.
 */
final class TextLines {
  private static final int SHOWN = 60;

  private TextLines() {}

  /** One line, without the blanks around it. */
  record Line(Path file, int number, String text) {
    /** Its words, separated by blanks. */
    String[] words() {
      return text.split("\\s+", -1);
    }

    /**
     * Its words when there are at least that many.
     *
     * @param what they are, for the message
     */
    String[] words(int count, String what) {
      String[] words = words();
      if (words.length < count) {
        throw wrong(what);
      }
      return words;
    }

    /** A whole number in this range. */
    int integer(String word, int low, int high, String what) {
      int value;
      try {
        value = Integer.parseInt(word);
      } catch (NumberFormatException e) {
        throw wrong(Text.format("%s %d to %d", what, low, high));
      }
      if (value < low || value > high) {
        throw wrong(Text.format("%s %d to %d", what, low, high));
      }
      return value;
    }

    InvalidDataException wrong(String expected) {
      String shown = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
      return new InvalidDataException(
          Text.format(
              "%s: \"%s\", expected %s", place(), shown.replaceAll("\\p{Cntrl}", " "), expected));
    }

    /** File and line, for messages. */
    String place() {
      return file + ", line " + number;
    }
  }

  /**
   * Reads a file.
   *
   * @param of what it belongs to, for the message when it is missing
   * @throws InvalidDataException if it is missing, empty or not UTF-8
   */
  static List<Line> read(Path file, String of) {
    List<Line> lines = new ArrayList<>();
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      int number = 0;
      for (String text = reader.readLine(); text != null; text = reader.readLine()) {
        number++;
        String stripped = (number == 1 ? withoutMark(text) : text).strip();
        if (!stripped.isEmpty()) {
          lines.add(new Line(file, number, stripped));
        }
      }
    } catch (CharacterCodingException e) {
      throw new InvalidDataException(file + ": not a text in UTF-8", e);
    } catch (IOException e) {
      throw new InvalidDataException(
          Text.format("%s: %s; expected as part of %s", file, IoErrors.reason(e), of), e);
    }
    if (lines.isEmpty()) {
      throw new InvalidDataException(file + ": the file is empty");
    }
    return lines;
  }

  private static String withoutMark(String text) {
    return text.startsWith("\uFEFF") ? text.substring(1) : text;
  }
}
