package org.invp.weights;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.invp.InvalidDataException;
import org.invp.internal.Text;

/**
 * The tensors of a file that are a residual network's, under the names that invp gives them
 * (torchvision's, the head as {@code fc}). {@code module.}, {@code state_dict.module.} and the like
 * before them is found and dropped; {@code shortcut}, as the published CIFAR networks have it, is
 * {@code downsample}.
 *
 * @param prefix what all their names start with in the file; may be empty
 * @param tensors by invp's name, in the file's order
 * @param head what the file calls the head; empty if it has none
 */
record ForeignNetwork(String prefix, Map<String, StridedTensor> tensors, String head) {
  /** Leaves the head out; for the option. */
  static final String NO_HEAD = "none";

  private static final String FIRST = "conv1.weight";
  private static final String FIRST_OF_BLOCKS = "layer1.0.conv1.weight";

  /** The names of heads in torchvision, timm and MoCo; in the published CIFAR networks; in ours. */
  private static final List<String> HEADS = List.of("fc", "linear", "head");

  /**
   * Finds the network in a file.
   *
   * @param unread what the file has besides, by name
   * @param prefix which one to take, where there are several; null for the only one
   * @param head what the file calls the head, or {@value #NO_HEAD}; null for a usual name
   */
  static ForeignNetwork find(
      Map<String, StridedTensor> all, Map<String, String> unread, String prefix, String head) {
    String start = prefix != null ? prefix : onlyPrefix(all, unread);
    requireRead(start, unread, head);
    Map<String, StridedTensor> found = new LinkedHashMap<>();
    Set<String> heads = new LinkedHashSet<>();
    all.forEach(
        (name, tensor) -> {
          if (name.startsWith(start)) {
            String rest = name.substring(start.length());
            String part = part(rest);
            if (isBackbone(part)) {
              found.put(rest.replace(".shortcut.", ".downsample."), tensor);
            } else if (isHead(part, head)) {
              heads.add(part);
              found.put(HeadNames.OWN + rest.substring(part.length() + 1), tensor);
            }
          }
        });
    if (!found.containsKey(FIRST)) {
      throw new InvalidDataException(
          Text.format("there is no %s%s; the tensors are %s", start, FIRST, Keys.list(all)));
    }
    if (heads.size() > 1) {
      throw new InvalidDataException(
          Text.format("there are several heads, %s: choose one with --head", heads));
    }
    if (head != null && !head.equals(NO_HEAD) && heads.isEmpty()) {
      throw new InvalidDataException(
          Text.format("there is no head %s%s; the tensors are %s", start, head, Keys.list(all)));
    }
    return new ForeignNetwork(start, found, heads.isEmpty() ? "" : heads.iterator().next());
  }

  /** The parameters' names in their order, which is that of an optimizer's numbers. */
  List<String> parameters() {
    return tensors.keySet().stream()
        .filter(name -> name.endsWith(".weight") || name.endsWith(".bias"))
        .toList();
  }

  /** The same network without its head. */
  ForeignNetwork withoutHead() {
    Map<String, StridedTensor> backbone = new LinkedHashMap<>(tensors);
    backbone.keySet().removeIf(name -> name.startsWith(HeadNames.OWN));
    return new ForeignNetwork(prefix, backbone, "");
  }

  private static String part(String name) {
    return name.substring(0, Math.max(0, name.indexOf('.')));
  }

  private static boolean isBackbone(String part) {
    return part.equals("conv1") || part.equals("bn1") || part.matches("layer[1-4]");
  }

  private static boolean isHead(String part, String head) {
    return head == null ? HEADS.contains(part) : head.equals(part);
  }

  /** What is not read is no loss unless the network needs it. */
  private static void requireRead(String start, Map<String, String> unread, String head) {
    unread.forEach(
        (name, what) -> {
          String part = name.startsWith(start) ? part(name.substring(start.length())) : "";
          if (isBackbone(part) || isHead(part, head)) {
            throw new InvalidDataException(
                Text.format(
                    "the network's %s depends on %s, which is not read; only tensors, NumPy arrays,"
                        + " dictionaries, lists, texts and numbers are, and nothing is executed",
                    Keys.printable(name), what));
          }
        });
  }

  private static String onlyPrefix(Map<String, StridedTensor> all, Map<String, String> unread) {
    Set<String> names = new LinkedHashSet<>(all.keySet());
    names.addAll(unread.keySet());
    List<String> prefixes = new ArrayList<>();
    for (String name : names) {
      if (name.equals(FIRST) || name.endsWith("." + FIRST)) {
        String prefix = name.substring(0, name.length() - FIRST.length());
        if (names.contains(prefix + FIRST_OF_BLOCKS)) {
          prefixes.add(prefix);
        }
      }
    }
    if (prefixes.isEmpty()) {
      throw new InvalidDataException(
          Text.format(
              "no residual network under torchvision's names: no %s beside a %s; the tensors are %s%s",
              FIRST, FIRST_OF_BLOCKS, Keys.list(all), Keys.unread(unread)));
    }
    if (prefixes.size() > 1) {
      throw new InvalidDataException(
          Text.format(
              "there are %d networks, under %s: choose one with --prefix",
              prefixes.size(), new TreeSet<>(prefixes)));
    }
    return prefixes.getFirst();
  }
}
