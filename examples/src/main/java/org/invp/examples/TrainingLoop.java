package org.invp.examples;

import static org.invp.nn.NetworkOptions.Initialisation.KAIMING;

import java.nio.file.Path;
import java.util.List;
import org.invp.bank.BankEngine;
import org.invp.bank.Draws;
import org.invp.bank.MemoryBank;
import org.invp.bank.Mode;
import org.invp.bank.NeighbourGraph;
import org.invp.data.Augmentation;
import org.invp.data.Batch;
import org.invp.data.Blur;
import org.invp.data.Crop;
import org.invp.data.DataLoader;
import org.invp.data.IdxDataset;
import org.invp.data.ImageDataset;
import org.invp.data.Jitter;
import org.invp.data.Normalisation;
import org.invp.data.Split;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.nn.Sgd;
import org.invp.objective.InvariancePropagation;
import org.invp.objective.ObjectiveOptions;
import org.invp.objective.StepResult;
import org.invp.tensor.FloatTensor;

/** Invariance Propagation on Fashion-MNIST by the library alone: FOLDER IMAGES EPOCHS WEIGHTS. */
public final class TrainingLoop {
  private static final long SEED = 0;
  private static final int BATCH = 64;
  private static final double RATE = 0.05;

  private TrainingLoop() {}

  public static void main(String[] args) {
    int threads = Runtime.getRuntime().availableProcessors();
    int count = Integer.parseInt(args[1]);
    int epochs = Integer.parseInt(args[2]);
    ObjectiveOptions options =
        ObjectiveOptions.published(Mode.PAPER).withNegatives(Math.min(4096, count));
    Normalisation statistics = new Normalisation(List.of(0.286), List.of(0.353));
    Jitter jitter = new Jitter(1, 0.4, 0.4, 0, 0);
    Augmentation views =
        new Augmentation(28, 28, Crop.PUBLISHED, jitter, 0, Blur.NONE, 0.5, statistics);
    NetworkOptions resnet =
        new NetworkOptions(
            Architecture.RESNET18, Stem.CIFAR, 1, 16, 128, Head.LINEAR, 0, true, KAIMING);
    try (ImageDataset images = IdxDataset.open(Path.of(args[0]), Split.TRAIN).subset(count);
        DataLoader loader = new DataLoader(images, views, BATCH, threads, SEED, false);
        Network network = Network.create(resnet, SEED);
        Sgd optimizer = new Sgd(network, 0.9, 5e-4, false);
        BankEngine engine = BankEngine.cpu(threads);
        MemoryBank bank = MemoryBank.create(count, network.embeddingDimension(), engine);
        NeighbourGraph graph = NeighbourGraph.create(count, options.neighbours(), engine);
        InvariancePropagation objective = new InvariancePropagation(bank, graph, options);
        FloatTensor gradient = FloatTensor.allocate(BATCH, network.embeddingDimension())) {
      bank.fillRandom(SEED);
      long step = 0;
      for (int epoch = 1; epoch <= epochs; epoch++) {
        double weight = options.weight(epoch);
        double sum = 0;
        loader.start(epoch, 0);
        for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
          FloatTensor embeddings = network.forward(batch.images());
          StepResult loss =
              objective.step(batch.indices(), embeddings, weight, Draws.of(SEED, step++), gradient);
          network.backward(gradient);
          optimizer.step(RATE);
          sum += loss.lossIns() + weight * loss.lossInv();
        }
        System.out.println("epoch " + epoch + ": loss " + sum / loader.batches());
      }
      network.save(Path.of(args[3]));
    }
  }
}
