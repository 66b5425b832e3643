package org.invp.examples;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.invp.InvalidDataException;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.bank.NeighbourGraph;
import org.invp.bank.Neighbours;
import org.invp.tensor.FloatTensor;

/** A memory bank without a network: filled, saved, mapped, searched and turned into a graph. */
public final class EmbeddedBank {
  private static final int ROWS = 5_000;
  private static final int DIMENSION = 64;
  private static final int CLIENTS = 4;
  private static final int QUERIES = 32;

  private EmbeddedBank() {}

  public static void main(String[] args) throws Exception {
    Path file = args.length > 0 ? Path.of(args[0]) : Files.createTempFile("bank", ".npy");
    try (BankEngine engine = BankEngine.cpu(Runtime.getRuntime().availableProcessors())) {
      System.out.println(engine.info());
      fillAndSave(file, engine);
      try (MemoryBank bank = MemoryBank.map(file, false, engine)) {
        System.out.println("mapped " + bank.rows() + " rows of " + bank.dimension() + " numbers");
        searchFromSeveralThreads(bank);
        buildTheGraph(bank);
        showAnError(bank);
      }
    } finally {
      if (args.length == 0) {
        Files.delete(file);
      }
    }
  }

  /** Every tenth row is a topic, the nine after it lie around it. */
  private static void fillAndSave(Path file, BankEngine engine) {
    Random random = new Random(1);
    float[] topic = new float[DIMENSION];
    try (MemoryBank bank = MemoryBank.create(ROWS, DIMENSION, engine)) {
      for (int row = 0; row < ROWS; row++) {
        float[] embedding = new float[DIMENSION];
        for (int d = 0; d < DIMENSION; d++) {
          if (row % 10 == 0) {
            topic[d] = (float) random.nextGaussian();
          }
          embedding[d] = topic[d] + 0.3f * (float) random.nextGaussian();
        }
        bank.set(row, unit(embedding));
      }
      bank.save(file);
    }
  }

  /** Each client asks with a batch of its own; the calls take turns, each with all the threads. */
  private static void searchFromSeveralThreads(MemoryBank bank)
      throws InterruptedException, ExecutionException {
    try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<Integer>> answers = new ArrayList<>();
      for (int client = 0; client < CLIENTS; client++) {
        int first = client * QUERIES;
        answers.add(clients.submit(() -> sameTopic(bank, first)));
      }
      int found = 0;
      for (Future<Integer> answer : answers) {
        found += answer.get();
      }
      System.out.println(found + " of " + CLIENTS * QUERIES * 9 + " neighbours share the topic");
    }
  }

  /** How many of the nine nearest others of some rows belong to the row's topic. */
  private static int sameTopic(MemoryBank bank, int firstRow) {
    try (FloatTensor queries = FloatTensor.allocate(QUERIES, bank.dimension())) {
      queries.copyFrom(bank.embeddings().slice(firstRow, firstRow + QUERIES).toArray());
      Neighbours nearest = bank.nearest(queries, 10);
      int same = 0;
      for (int query = 0; query < nearest.queries(); query++) {
        for (int rank = 1; rank < nearest.count(); rank++) { // rank 0 is the row itself
          if (nearest.id(query, rank) / 10 == (firstRow + query) / 10) {
            same++;
          }
        }
      }
      return same;
    }
  }

  private static void buildTheGraph(MemoryBank bank) {
    try (NeighbourGraph graph = NeighbourGraph.build(bank, 4)) {
      System.out.print("row 7 is nearest to");
      for (int n = 0; n < graph.degree(); n++) {
        System.out.print(" " + graph.neighbours().get(7L * graph.degree() + n));
      }
      System.out.println();
    }
  }

  private static void showAnError(MemoryBank bank) {
    float[] query = new float[DIMENSION];
    query[3] = Float.NaN;
    try {
      bank.nearest(query, 1);
    } catch (InvalidDataException e) {
      System.out.println("refused: " + e.getMessage());
    }
  }

  private static float[] unit(float[] values) {
    double square = 0;
    for (float value : values) {
      square += (double) value * value;
    }
    for (int d = 0; d < values.length; d++) {
      values[d] /= (float) Math.sqrt(square);
    }
    return values;
  }
}
