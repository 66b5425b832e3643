package org.invp.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.invp.internal.Text;

/**
 * Whether training was worth it: the trained embedding and backbone against the raw pixels and the
 * network before training, each at its own best number of voters k. The k's are the same for all,
 * and chosen by the same test images for all, so none is favoured. Accuracies are compared as they
 * are written, in tenths of a point.
 *
 * @param sentences the comparison, then what there is to add to it
 * @param below whether the embedding or the backbone ended below something that it is compared with
 */
public record Verdict(List<String> sentences, boolean below) {
  private static final String PIXELS = "raw pixels";

  /** Copies the sentences. */
  public Verdict {
    sentences = List.copyOf(sentences);
  }

  /**
   * kNN accuracies, shares in [0, 1] by k; empty where not measured.
   *
   * @param embedding of the trained embedding; its k's are those that count
   * @param backbone of the trained backbone's features
   * @param pixels of the raw pixels
   * @param untrained of the embedding before training
   * @param untrainedBackbone of the backbone's features before training
   * @param baselines whether the settings ask for the last three
   * @param classes that training and test images have in common; null where that is not known
   */
  public record Accuracies(
      SortedMap<Integer, Double> embedding,
      SortedMap<Integer, Double> backbone,
      SortedMap<Integer, Double> pixels,
      SortedMap<Integer, Double> untrained,
      SortedMap<Integer, Double> untrainedBackbone,
      boolean baselines,
      Integer classes) {}

  /**
   * Judges a run.
   *
   * @param measured with an embedding's accuracies
   * @param signs what can say why a run ended low
   */
  public static Verdict of(Accuracies measured, TrainingSigns signs) {
    if (measured.classes != null && measured.classes < 2) {
      return new Verdict(List.of(noVerdict(measured.classes)), false);
    }
    List<Standing> trained = trained(measured);
    List<Standing> rivals = new ArrayList<>();
    rivals(measured)
        .forEach(
            (name, byK) -> {
              if (covers(byK, measured)) {
                rivals.add(Standing.best(name, byK));
              }
            });
    List<String> sentences = new ArrayList<>();
    sentences.add(comparison(trained, rivals));
    boolean below = trained.stream().anyMatch(one -> rivals.stream().anyMatch(one::isBelow));
    if (below) {
      sentences.addAll(explanation(signs.causes()));
    }
    sentences.addAll(missing(measured));
    if (measured.embedding.size() > 1) {
      sentences.add(
          Text.format(
              "Each has its best k of %s, chosen on the test images, for all alike.",
              list(measured.embedding)));
    }
    return new Verdict(sentences, below);
  }

  /** All sentences in one line. */
  public String text() {
    return String.join(" ", sentences);
  }

  private static String noVerdict(int classes) {
    return Text.format(
        "There is no verdict: training and test images have %s in common, so that kNN accuracy says nothing.",
        classes == 0 ? "no class" : "only one class");
  }

  private static List<Standing> trained(Accuracies measured) {
    List<Standing> trained = new ArrayList<>();
    trained.add(Standing.best("the trained embedding", measured.embedding));
    if (!measured.backbone.isEmpty()) {
      trained.add(Standing.best("the trained backbone", measured.backbone));
    }
    return trained;
  }

  private static Map<String, SortedMap<Integer, Double>> rivals(Accuracies measured) {
    Map<String, SortedMap<Integer, Double>> rivals = new LinkedHashMap<>();
    rivals.put(PIXELS, measured.pixels);
    rivals.put("the untrained network", betterOutput(measured));
    return rivals;
  }

  /** Of the untrained network the better output counts, at every k; the harder test. */
  private static SortedMap<Integer, Double> betterOutput(Accuracies measured) {
    if (!covers(measured.untrainedBackbone, measured)) {
      return measured.untrained;
    }
    SortedMap<Integer, Double> better = new TreeMap<>(measured.untrainedBackbone);
    measured.untrained.forEach((k, accuracy) -> better.merge(k, accuracy, Math::max));
    return better;
  }

  /** Whoever lacks a k that others may choose has no fair best. */
  private static boolean covers(SortedMap<Integer, Double> byK, Accuracies measured) {
    return byK.keySet().containsAll(measured.embedding.keySet());
  }

  /** What could not be compared, those of one reason together. */
  private static List<String> missing(Accuracies measured) {
    List<String> sentences = new ArrayList<>();
    if (measured.backbone.isEmpty()) {
      sentences.add("The trained backbone was not measured, log.txt says why.");
    }
    Map<String, List<String>> names = new LinkedHashMap<>();
    rivals(measured)
        .forEach(
            (name, byK) -> {
              if (!covers(byK, measured)) {
                String reason = reason(name, byK, measured);
                names.computeIfAbsent(reason, one -> new ArrayList<>()).add(name);
              }
            });
    names.forEach(
        (reason, those) ->
            sentences.add(
                Text.format(
                    "It could not be compared with %s: %s.", String.join(" and ", those), reason)));
    return sentences;
  }

  private static String reason(String name, SortedMap<Integer, Double> byK, Accuracies measured) {
    if (!byK.isEmpty()) {
      return Text.format("measured at k = %s only", list(byK));
    }
    if (!measured.baselines) {
      return "not measured, evaluation.baselines is false";
    }
    return name.equals(PIXELS) ? "not measured, log.txt says why" : "not measured before training";
  }

  private static String comparison(List<Standing> trained, List<Standing> rivals) {
    if (rivals.isEmpty()) {
      String reached = trained.stream().map(Standing::toString).collect(Collectors.joining(", "));
      return "kNN accuracy: " + reached + ".";
    }
    List<String> clauses = new ArrayList<>();
    for (Standing one : trained) {
      boolean introduces = clauses.isEmpty();
      clauses.add(one + " " + one.against(rivals, introduces));
    }
    return capital(String.join("; ", clauses)) + ".";
  }

  private static List<String> explanation(List<String> causes) {
    if (causes.isEmpty()) {
      return List.of("Nothing that was measured while it trained says why.");
    }
    List<String> sentences = new ArrayList<>();
    for (String cause : causes) {
      sentences.add((sentences.isEmpty() ? "Likely cause: " : "Also: ") + cause + ".");
    }
    return sentences;
  }

  private static String list(SortedMap<Integer, Double> byK) {
    String ks = byK.keySet().stream().map(String::valueOf).collect(Collectors.joining(", "));
    return ks.replaceFirst(", (\\d+)$", " and $1");
  }

  private static String capital(String text) {
    return Character.toUpperCase(text.charAt(0)) + text.substring(1);
  }
}
