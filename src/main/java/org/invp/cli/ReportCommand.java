package org.invp.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.invp.InvpException;
import org.invp.data.ImageDataset;
import org.invp.internal.Text;
import org.invp.report.Pictures;
import org.invp.report.Report;
import org.invp.train.Setup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code invp report}. */
@Command(
    name = "report",
    description =
        "Write one HTML page about a run: curves, scores, what the walk discovered, a map of the"
            + " embeddings. Several runs are compared; the pictures are of the first.",
    mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private DeviceOption device;

  @Parameters(arity = "1..*", paramLabel = "RUN", description = "Run folders.")
  private List<Path> runs;

  @Option(
      names = "--out",
      paramLabel = "FILE.html",
      description = "The file to write (default: report.html in the first run's folder).")
  private Path target;

  @Option(
      names = "--images",
      split = ",",
      paramLabel = "N",
      description =
          "The test images, counted from 0, whose nearest neighbours to show (default: one of each"
              + " class and some that kNN gets wrong).")
  private int[] images = {};

  @Override
  public Integer call() {
    device.check();
    Report report = Report.of(runs);
    Path first = runs.get(0);
    Path page = target != null ? target : first.resolve("report.html");
    if (target == null && Files.exists(page) && !Report.wrote(page)) {
      throw new InvpException(
          Text.format("%s is no report of invp; --out names another file, or this one", page));
    }
    if (Files.exists(first.resolve("checkpoint.safetensors"))) {
      Pictures pictures = null;
      String reason = null;
      try {
        pictures = pictures(first);
      } catch (InvpException e) {
        reason = "Left out: " + e.getMessage();
        Errors.warn(spec.commandLine().getErr(), "no pictures: " + e.getMessage());
      }
      report.write(page, pictures, reason);
    } else {
      report.write(
          page,
          null,
          Text.format("There is no checkpoint yet: invp train --run-dir %s writes one.", first));
    }
    spec.commandLine().getOut().println("report: " + page);
    spec.commandLine().getOut().flush();
    return 0;
  }

  private Pictures pictures(Path run) {
    try (TrainedRun trained = TrainedRun.open(run, List.of(), device.chosen());
        ImageDataset train = Setup.trainingImages(trained.config());
        ImageDataset test = Setup.testImagesIfAny(trained.config()).orElseGet(train::select)) {
      if (images.length > 0 && test.size() == 0) {
        throw new ParameterException(
            spec.commandLine(), "--images names test images, and there is no test set");
      }
      for (int image : images) {
        if (image < 0 || image >= test.size()) {
          throw new ParameterException(
              spec.commandLine(),
              Text.format("--images is %d, allowed: 0 to %d", image, test.size() - 1));
        }
      }
      Pictures pictures =
          Pictures.of(
              trained.config(), trained.checkpoint(), trained.network(), train, test, images);
      int unreadable = train.unreadable() + test.unreadable();
      if (unreadable > 0) {
        Errors.warn(
            spec.commandLine().getErr(),
            Text.format("%d images could not be read: the pictures lack them", unreadable));
      }
      return pictures;
    }
  }
}
