package org.invp.cli;

import java.io.PrintWriter;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The program {@code invp}. Exit codes: 0 done, 1 failed, 2 wrong use (options or settings), 128 +
 * n ended by signal n after saving.
 */
@Command(
    name = "invp",
    description = "Trains image representations by Invariance Propagation, and uses them.",
    mixinStandardHelpOptions = true,
    versionProvider = VersionProvider.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      TrainCommand.class,
      EvalCommand.class,
      EmbedCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      ReportCommand.class,
      InfoCommand.class,
      BenchCommand.class
    })
public final class Main implements Runnable {
  static final int FAILED = 1;
  static final int WRONG_USE = 2;

  /** LibTorch is called from this thread; the JVM's own main thread has a small stack. */
  private static final long STACK_BYTES = 64L << 20;

  @Spec private CommandSpec spec;

  @CommandLine.Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean debug;

  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) throws InterruptedException {
    PrintWriter out = new PrintWriter(System.out, true, System.out.charset());
    PrintWriter err = new PrintWriter(System.err, true, System.err.charset());
    Signals.dieOfAll();
    AtomicInteger code = new AtomicInteger(FAILED);
    Runnable command = () -> code.set(run(out, err, args));
    Thread thread = new Thread(null, command, "invp", STACK_BYTES);
    thread.start();
    thread.join();
    System.exit(code.get());
  }

  /** Runs a command and returns its exit code. */
  static int run(PrintWriter out, PrintWriter err, String... args) {
    LogFile.silence();
    Main main = new Main();
    CommandLine line =
        new CommandLine(main)
            .setOut(out)
            .setErr(err)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExpandAtFiles(false) // A folder's name may begin with @.
            .setExecutionExceptionHandler(
                (failure, command, parsed) -> Errors.report(failure, err, main.debug))
            .setParameterExceptionHandler((failure, rest) -> Errors.reportUsage(failure, err));
    try {
      int code = line.execute(args);
      if (out.checkError() && code == 0) {
        Errors.warn(err, "what should stand on standard output could not be written there");
        return FAILED;
      }
      return code;
    } catch (OutOfMemoryError | LinkageError | StackOverflowError e) {
      return Errors.report(e, err, main.debug);
    }
  }

  /** Without a command there is nothing to do. */
  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }
}
