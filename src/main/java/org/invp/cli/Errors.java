package org.invp.cli;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import org.invp.InvpException;
import org.invp.config.ConfigException;
import org.invp.internal.Text;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Turns a failure into one line and an exit code. */
final class Errors {
  /** What every line of an error begins with. */
  static final String PREFIX = "invp: ";

  private Errors() {}

  /** A command failed. */
  static int report(Throwable failure, PrintWriter err, boolean debug) {
    err.println(PREFIX + line(failure));
    if (debug) {
      failure.printStackTrace(err);
    }
    return failure instanceof ConfigException ? Main.WRONG_USE : Main.FAILED;
  }

  /** The arguments make no sense. */
  static int reportUsage(ParameterException failure, PrintWriter err) {
    CommandLine command = failure.getCommandLine();
    err.println(
        Text.format(
            "%s%s (see %s --help)",
            PREFIX,
            named(failure, oneLine(failure.getMessage())),
            command.getCommandSpec().qualifiedName()));
    return Main.WRONG_USE;
  }

  /** What went wrong, on one line. */
  static String line(Throwable failure) {
    String message = failure.getMessage();
    if (failure instanceof InvpException && message != null) {
      return oneLine(message);
    }
    if (failure instanceof OutOfMemoryError) {
      return "out of memory" + (message == null ? "" : ": " + oneLine(message));
    }
    return named(
        failure,
        failure.getClass().getSimpleName() + (message == null ? "" : ": " + oneLine(message)));
  }

  /** A name that is no text in the locale's encoding is best read in another locale. */
  private static String named(Throwable failure, String message) {
    boolean isName = message.contains(InvalidPathException.class.getSimpleName());
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      isName |= cause instanceof InvalidPathException;
    }
    return !isName
        ? message
        : Text.format(
            "%s; file names are read as %s here, set LC_ALL=C.UTF-8 for others",
            message, System.getProperty("sun.jnu.encoding"));
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  /** Says on one line what is doubtful and ends nothing. */
  static void warn(PrintWriter err, String doubt) {
    err.println(PREFIX + "warning: " + doubt);
    err.flush();
  }
}
