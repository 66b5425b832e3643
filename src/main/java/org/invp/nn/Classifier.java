package org.invp.nn;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.invp.bindings.nn.InvpNn;
import org.invp.internal.Text;
import org.invp.io.NamedTensor;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/**
 * A linear classifier: inputs [batch, inputs] to logits [batch, classes].
 *
 * <p>Training: {@link #crossEntropy} or {@link #binaryCrossEntropy}, then {@link Sgd#step}. On
 * features that are kept, it learns alone; with {@link #tune} the backbone of a network learns with
 * it. Its tensors are {@code weight} and {@code bias} and, with normalised inputs, {@code
 * norm.weight} and {@code norm.bias}, or {@code norm.running_mean} and {@code norm.running_var}.
 *
 * <p>Threads, memory and closing are as for {@link Network}.
 */
public final class Classifier implements AutoCloseable {
  /** What batch normalisation in a backbone does while it is tuned. */
  public enum Statistics {
    /** Normalise by the batch and move the running statistics: PyTorch's training mode. */
    BATCH,
    /** Normalise by the running statistics and leave them: PyTorch's evaluation mode. */
    RUNNING
  }

  private static final String WEIGHTS = "the classifier's weights";

  private final ClassifierOptions options;
  private final NativeClassifier classifier;
  private final List<TensorInfo> tensors;

  private Classifier(ClassifierOptions options, long seed) {
    this.options = options;
    classifier = new NativeClassifier(options, seed);
    tensors = classifier.tensors();
  }

  /**
   * Makes a classifier with fresh weights.
   *
   * @param seed decides the weights, alone
   */
  public static Classifier create(ClassifierOptions options, long seed) {
    return new Classifier(options, seed);
  }

  /** What the classifier is made of. */
  public ClassifierOptions options() {
    return options;
  }

  /**
   * Classifies in evaluation mode, changing nothing.
   *
   * @param inputs [B, inputs]
   * @param logits [B, classes], out
   */
  public void logits(FloatTensor inputs, FloatTensor logits) {
    requireInputs(inputs);
    requireLogits(logits, inputs.shape(0));
    classifier.call(
        handle ->
            InvpNn.invp_nn_classifier_logits(
                handle, inputs.segment(), inputs.shape(0), logits.output(inputs.segment())));
  }

  /**
   * Adds the gradients of the cross entropy: the mean over the batch of -log softmax at the label.
   *
   * @param inputs [B, inputs]
   * @param labels [B], in [0, classes)
   * @param logits [B, classes], out: those of training mode; null if not wanted
   * @return the loss
   */
  public double crossEntropy(FloatTensor inputs, IntTensor labels, FloatTensor logits) {
    requireInputs(inputs);
    requireShape("labels", labels.shape(), inputs.shape(0));
    return learn(
        loss ->
            classifier.call(
                handle ->
                    InvpNn.invp_nn_classifier_cross_entropy(
                        handle,
                        inputs.segment(),
                        inputs.shape(0),
                        labels.segment(),
                        orNull(logits, inputs.shape(0)),
                        loss)));
  }

  /**
   * Adds the gradients of the binary cross entropy of the sigmoids, summed over the classes and
   * averaged over the batch; for images of several classes.
   *
   * @param inputs [B, inputs]
   * @param targets [B, classes]: 1 present, 0 absent, -1 adds nothing
   * @param logits [B, classes], out: those of training mode; null if not wanted
   * @return the loss
   */
  public double binaryCrossEntropy(FloatTensor inputs, IntTensor targets, FloatTensor logits) {
    requireInputs(inputs);
    requireShape("targets", targets.shape(), inputs.shape(0), options.classes());
    return learn(
        loss ->
            classifier.call(
                handle ->
                    InvpNn.invp_nn_classifier_binary_cross_entropy(
                        handle,
                        inputs.segment(),
                        inputs.shape(0),
                        targets.segment(),
                        orNull(logits, inputs.shape(0)),
                        loss)));
  }

  /**
   * Trains a whole network: classifies its features of the images and adds the gradients of the
   * cross entropy to this classifier's parameters and to the backbone's. The network's head has no
   * part in it.
   *
   * @param network with as many features as this classifier has inputs
   * @param images [B, C, H, W]
   * @param labels [B], in [0, classes)
   * @param logits [B, classes], out: those of training; null if not wanted
   * @return the loss
   */
  public double tune(
      Network network,
      FloatTensor images,
      IntTensor labels,
      Statistics statistics,
      FloatTensor logits) {
    requireShape("labels", labels.shape(), images.shape(0));
    int mode =
        switch (statistics) {
          case BATCH -> InvpNn.INVP_NN_STATISTICS_BATCH();
          case RUNNING -> InvpNn.INVP_NN_STATISTICS_RUNNING();
        };
    return learn(
        loss ->
            network.call(
                images,
                backbone ->
                    classifier.status(
                        handle ->
                            InvpNn.invp_nn_network_cross_entropy(
                                backbone,
                                handle,
                                images.segment(),
                                images.shape(0),
                                images.shape(2),
                                images.shape(3),
                                labels.segment(),
                                mode,
                                orNull(logits, images.shape(0)),
                                loss))));
  }

  /** Parameters and buffers: a copy in the arena's memory. */
  public List<NamedTensor> state(Arena arena) {
    return StateTensors.read(tensors, arena, classifier::read);
  }

  /**
   * Replaces parameters and buffers, all of them or, on an error, none.
   *
   * @throws org.invp.InvalidDataException naming the tensor that does not fit
   */
  public void load(List<NamedTensor> state) {
    StateTensors.write(WEIGHTS, tensors, state, classifier::write);
  }

  /** The parameters' gradients, as {@link #state}; zeros where there are none. */
  public List<NamedTensor> gradients(Arena arena) {
    return StateTensors.read(trainable(), arena, classifier::readGradient);
  }

  /** Releases the native memory, and its optimizers' with it; idempotent. */
  @Override
  public void close() {
    classifier.close();
  }

  List<TensorInfo> trainable() {
    return tensors.stream().filter(TensorInfo::trainable).toList();
  }

  NativeSgd newSgd(double momentum, double weightDecay, boolean nesterov) {
    return classifier.newSgd(
        InvpNn::invp_nn_sgd_create_classifier, momentum, weightDecay, nesterov);
  }

  /** A call that writes a loss. */
  private interface Learning {
    void call(MemorySegment loss);
  }

  private static double learn(Learning learning) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment loss = arena.allocate(ValueLayout.JAVA_DOUBLE);
      learning.call(loss);
      return loss.get(ValueLayout.JAVA_DOUBLE, 0);
    }
  }

  private void requireInputs(FloatTensor inputs) {
    requireShape("inputs", inputs.shape(), inputs.shape(0), options.inputs());
  }

  private void requireLogits(FloatTensor logits, long batch) {
    requireShape("logits", logits.shape(), batch, options.classes());
  }

  private MemorySegment orNull(FloatTensor logits, long batch) {
    if (logits == null) {
      return MemorySegment.NULL;
    }
    requireLogits(logits, batch);
    return logits.output();
  }

  private static void requireShape(String name, long[] found, long... needed) {
    if (!Arrays.equals(found, needed)) {
      throw new IllegalArgumentException(
          Text.format(
              "%s of shape %s, needed is %s",
              name, Arrays.toString(found), Arrays.toString(needed)));
    }
  }
}
