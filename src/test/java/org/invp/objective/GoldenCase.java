package org.invp.objective;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.invp.bank.BankEngine;
import org.invp.bank.Device;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Selection;
import org.invp.io.NamedTensor;
import org.invp.io.Safetensors;
import org.invp.io.TensorFile;
import org.invp.tensor.FloatTensor;
import org.invp.tensor.IntTensor;

/** One golden file: its inputs, run through the objective, and its expected outputs. */
final class GoldenCase implements AutoCloseable {
  private final TensorFile file;
  private final Map<String, String> settings;

  private GoldenCase(TensorFile file) {
    this.file = file;
    this.settings = file.metadata();
  }

  static GoldenCase read(Path path) {
    return new GoldenCase(Safetensors.read(path));
  }

  /** What one step left behind; rows are those of the batch. */
  @SuppressWarnings("ArrayRecordComponent") // Compared element by element.
  record Outcome(
      StepResult result, float[] gradient, int[] positives, int[] graphRows, float[] bankRows) {}

  Outcome run(Device device) {
    NamedTensor bankTensor = file.tensor("bank").orElseThrow();
    int rows = (int) bankTensor.shape()[0];
    int dimension = (int) bankTensor.shape()[1];
    int degree = Integer.parseInt(settings.get("k"));
    try (BankEngine engine = BankEngine.on(device, 2);
        MemoryBank bank = MemoryBank.create(rows, dimension, engine);
        NeighbourGraph graph = NeighbourGraph.create(rows, degree, engine);
        FloatTensor embeddings = FloatTensor.of(floats("embeddings"), batch(), dimension);
        FloatTensor gradient = FloatTensor.allocate(batch(), dimension);
        IntTensor indices = IntTensor.of(ints("indices"), batch());
        InvariancePropagation objective = new InvariancePropagation(bank, graph, options())) {
      bank.embeddings().copyFrom(floats("bank"));
      graph.neighbours().copyFrom(ints("neighbours"));
      StepResult result =
          objective.step(indices, embeddings, number("lambda_inv"), draw(), gradient);
      int[] anchors = indices.toArray();
      int[] neighbours = graph.neighbours().toArray();
      int[] graphRows = new int[anchors.length * degree];
      float[] bankRows = new float[anchors.length * dimension];
      for (int b = 0; b < anchors.length; b++) {
        for (int n = 0; n < degree; n++) {
          graphRows[b * degree + n] = neighbours[anchors[b] * degree + n];
        }
        System.arraycopy(bank.get(anchors[b]), 0, bankRows, b * dimension, dimension);
      }
      return new Outcome(
          result, gradient.toArray(), objective.positives().toArray(), graphRows, bankRows);
    }
  }

  int batch() {
    return (int) file.tensor("indices").orElseThrow().shape()[0];
  }

  double scalar(String name) {
    return floats(name)[0];
  }

  float[] floats(String name) {
    return data(name).toArray(ValueLayout.JAVA_FLOAT);
  }

  int[] ints(String name) {
    return data(name).toArray(ValueLayout.JAVA_INT);
  }

  /**
   * The cosine-like score of an anchor's normalised embedding and a row of the bank before the
   * step.
   */
  double score(int anchor, int row) {
    float[] embeddings = floats("embeddings");
    float[] bank = floats("bank");
    int dimension = embeddings.length / batch();
    double dot = 0;
    double square = 0;
    for (int d = 0; d < dimension; d++) {
      double x = embeddings[anchor * dimension + d];
      dot += x * bank[row * dimension + d];
      square += x * x;
    }
    return dot / Math.sqrt(square);
  }

  private ObjectiveOptions options() {
    return new ObjectiveOptions(
        Mode.valueOf(settings.get("mode").toUpperCase(Locale.ROOT)),
        number("tau"),
        (int) number("negatives"),
        (int) number("positives"),
        (int) number("k"),
        (int) number("steps"),
        flag("exclusive"),
        selection(),
        number("lambda_inv"),
        ObjectiveOptions.Ramp.CONSTANT,
        0,
        ObjectiveOptions.BankStart.RANDOM,
        number("momentum"));
  }

  private double number(String setting) {
    return Double.parseDouble(settings.get(setting));
  }

  /** Files of hard or easy positives say so by a flag. */
  private Selection selection() {
    if (settings.containsKey("selection")) {
      return Selection.valueOf(settings.get("selection").toUpperCase(Locale.ROOT));
    }
    return flag("hard") ? Selection.HARD : Selection.EASY;
  }

  private long draw() {
    return Long.parseUnsignedLong(settings.getOrDefault("draw", "0"));
  }

  private boolean flag(String setting) {
    return settings.get(setting).equals("True");
  }

  private MemorySegment data(String name) {
    return file.tensor(name).orElseThrow().data();
  }

  @Override
  public void close() {
    file.close();
  }
}
