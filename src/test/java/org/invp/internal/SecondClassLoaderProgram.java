package org.invp.internal;

import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.invp.NativeLibraryException;
import org.invp.bank.BankEngine;
import org.invp.bank.MemoryBank;
import org.invp.nn.Network;
import org.invp.nn.NetworkOptions;
import org.invp.nn.NetworkOptions.Architecture;
import org.invp.nn.NetworkOptions.Head;
import org.invp.nn.NetworkOptions.Initialisation;
import org.invp.nn.NetworkOptions.Stem;
import org.invp.tensor.FloatTensor;

/**
 * The main program of a process in which two class loaders each have invp, as two deployments of a
 * web application have it: says what each computed, then how often each library is open.
 */
final class SecondClassLoaderProgram {
  private SecondClassLoaderProgram() {}

  public static void main(String[] arguments) throws Exception {
    List<URLClassLoader> loaders = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      URLClassLoader loader = new URLClassLoader(classPath(), ClassLoader.getPlatformClassLoader());
      loaders.add(loader);
      Runnable use =
          (Runnable) loader.loadClass(Use.class.getName()).getDeclaredConstructor().newInstance();
      use.run();
    }
    for (String library :
        List.of("libinvp_bank", "libinvp_image", "libinvp_nn", "libtorch_cpu", "libgomp")) {
      System.out.println(library + " " + open(library));
    }
    for (URLClassLoader loader : loaders) {
      loader.close();
    }
  }

  private static URL[] classPath() throws MalformedURLException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    return urls.toArray(URL[]::new);
  }

  /** How many files of that name the process has mapped, deleted ones included. */
  private static long open(String library) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .map(line -> line.split(" +", 6))
        .filter(fields -> fields.length == 6 && fields[5].contains("/" + library + ".so"))
        .map(fields -> fields[3] + " " + fields[4])
        .distinct()
        .count();
  }

  /** What each class loader does with classes and libraries of its own. */
  public static final class Use implements Runnable {
    @Override
    public void run() {
      try (BankEngine engine = BankEngine.cpu(2);
          MemoryBank bank = MemoryBank.create(500, 16, engine);
          Network network = Network.create(options(), 1);
          FloatTensor images = FloatTensor.allocate(4, 1, 12, 12);
          FloatTensor embeddings = FloatTensor.allocate(4, 6)) {
        bank.fillRandom(1);
        for (int i = 0; i < images.size(); i++) {
          images.set(i, i % 7);
        }
        network.embed(images, null, embeddings);
        System.out.println(
            "row "
                + bank.nearest(bank.embeddings().slice(3, 4), 1).id(0, 0)
                + ", "
                + NativeLibraries.buildInfo(Room.IMAGE)
                + ", embedding "
                + embeddings.get(0));
      }
      try {
        NativeLibraries.requireCuda(true);
        System.out.println("the emulated device was found in the working directory");
      } catch (NativeLibraryException e) {
        System.out.println(e.getMessage());
      }
    }

    private static NetworkOptions options() {
      return new NetworkOptions(
          Architecture.RESNET18,
          Stem.CIFAR,
          1,
          4,
          6,
          Head.LINEAR,
          0,
          false,
          Initialisation.KAIMING);
    }
  }
}
