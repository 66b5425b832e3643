package org.invp.eval;

import de.bwaldvogel.liblinear.Feature;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.invp.InvalidDataException;
import org.invp.data.MultiLabelDataset;
import org.invp.data.MultiLabelDataset.Target;
import org.invp.tensor.FloatTensor;

/**
 * Recognises the classes of images that show several, by one {@link LinearSvm} per class on frozen
 * features of length 1, and judges by the average precision. An image that shows only difficult
 * objects of a class neither trains nor judges that class.
 */
public final class SvmClassification {
  private static final int FEWEST = 2;

  private final AveragePrecision rule;
  private final int threads;
  private final Runnable betweenTrainings;

  /**
   * One class's result.
   *
   * @param precision on the test images
   * @param cost the cost that cross-validation chose
   */
  public record ClassResult(ClassPrecision precision, double cost) {}

  /**
   * @param rule judges the test images
   * @param threads classes that are learnt at once, at least 1
   * @param betweenTrainings called by several threads before every training; it ends all by
   *     throwing
   */
  public SvmClassification(AveragePrecision rule, int threads, Runnable betweenTrainings) {
    this.rule = rule;
    this.threads = threads;
    this.betweenTrainings = betweenTrainings;
  }

  /**
   * Learns and judges all classes. A class with fewer than two training images that show it or that
   * do not, or with no test image that shows it, has no result.
   *
   * @param trainRows [N, D], rows of length 1
   * @param testRows [M, D], rows of length 1
   * @return in the order of the classes
   * @throws InvalidDataException if a feature is not a finite number
   */
  public List<ClassResult> evaluate(
      FloatTensor trainRows,
      MultiLabelDataset train,
      FloatTensor testRows,
      MultiLabelDataset test) {
    FiniteRows.require(trainRows);
    FiniteRows.require(testRows);
    Feature[][] trainImages = LiblinearRows.of(trainRows);
    Feature[][] testImages = LiblinearRows.of(testRows);
    List<Callable<ClassResult>> tasks = new ArrayList<>();
    for (int cls = 0; cls < train.classes(); cls++) {
      Target[] known = targets(train, cls);
      Target[] truth = targets(test, cls);
      int id = cls;
      if (count(known, Target.PRESENT) >= FEWEST
          && count(known, Target.ABSENT) >= FEWEST
          && count(truth, Target.PRESENT) > 0) {
        tasks.add(() -> judge(id, trainImages, known, testImages, truth));
      }
    }
    return ParallelTasks.run(threads, "a support vector machine", tasks);
  }

  private ClassResult judge(
      int cls, Feature[][] trainImages, Target[] known, Feature[][] testImages, Target[] truth) {
    int[] clear =
        IntStream.range(0, known.length).filter(i -> known[i] != Target.DIFFICULT).toArray();
    Feature[][] images = LiblinearRows.pick(trainImages, clear);
    boolean[] positive = new boolean[clear.length];
    for (int i = 0; i < clear.length; i++) {
      positive[i] = known[clear[i]] == Target.PRESENT;
    }
    double cost = SvmCosts.choose(images, positive, SvmCosts.PUBLISHED, betweenTrainings);
    betweenTrainings.run();
    LinearSvm svm = LinearSvm.train(images, positive, cost);
    return new ClassResult(new ClassPrecision(cls, rule.of(svm.scores(testImages), truth)), cost);
  }

  private static Target[] targets(MultiLabelDataset images, int cls) {
    return IntStream.range(0, images.size())
        .mapToObj(image -> images.target(image, cls))
        .toArray(Target[]::new);
  }

  private static long count(Target[] targets, Target which) {
    return IntStream.range(0, targets.length).filter(i -> targets[i] == which).count();
  }
}
