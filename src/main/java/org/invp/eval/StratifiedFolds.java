package org.invp.eval;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Folds of cross-validation that keep the shares of groups: the members of each group are cut into
 * runs of one length, in their order. The only member of a group is in no fold, so that it always
 * trains: who learns without it could not recognise it. Immutable.
 */
final class StratifiedFolds {
  private static final int NONE = -1;

  private final int[] folds;

  private StratifiedFolds(int[] folds) {
    this.folds = folds;
  }

  /**
   * Cuts.
   *
   * @param groups the group of each member
   * @param count folds, at least 2; groups of fewer members leave some without one
   */
  static StratifiedFolds of(int[] groups, int count) {
    int[] folds = new int[groups.length];
    for (int group : IntStream.of(groups).distinct().toArray()) {
      int[] members = IntStream.range(0, groups.length).filter(i -> groups[i] == group).toArray();
      for (int rank = 0; rank < members.length; rank++) {
        folds[members[rank]] =
            members.length == 1 ? NONE : (int) ((long) rank * count / members.length);
      }
    }
    return new StratifiedFolds(folds);
  }

  /** The folds that have a member, ascending. */
  List<Integer> ids() {
    return Arrays.stream(folds).filter(fold -> fold != NONE).distinct().sorted().boxed().toList();
  }

  /** Members of a fold, which validate, ascending. */
  int[] inside(int fold) {
    return IntStream.range(0, folds.length).filter(i -> folds[i] == fold).toArray();
  }

  /** All other members, which train, ascending. */
  int[] outside(int fold) {
    return IntStream.range(0, folds.length).filter(i -> folds[i] != fold).toArray();
  }
}
