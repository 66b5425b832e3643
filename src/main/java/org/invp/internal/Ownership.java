package org.invp.internal;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Whose files may be loaded as code: those that nobody but trusted users can change, put in place
 * of others, or take away.
 *
 * @param trusted the numbers of these users
 */
record Ownership(Set<Integer> trusted) {
  private static final int ROOT = 0;
  private static final int MOST_LINKS = 40;
  private static final int STICKY = 01000;
  private static final int GROUP_WRITES = 020;
  private static final int OTHERS_WRITE = 02;

  Ownership {
    trusted = Set.copyOf(trusted);
  }

  /** The user of this process, and root: the owner of {@code /}, if it has another number here. */
  static Ownership ofThisProcess() {
    Set<Integer> trusted = new HashSet<>(List.of(ROOT, user()));
    try {
      trusted.add((Integer) Files.getAttribute(Path.of("/"), "unix:uid"));
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return new Ownership(trusted);
    }
    return new Ownership(trusted);
  }

  /** These users, and the owner of a file: who runs code of somebody's trusts them. */
  Ownership andOwnerOf(Path file) throws IOException {
    Set<Integer> more = new HashSet<>(trusted);
    more.add((Integer) Files.getAttribute(file, "unix:uid"));
    return new Ownership(more);
  }

  /**
   * Why what lies at a path could be somebody else's: the first of the file, the folders above it
   * and the links on the way that another user owns, or may write to. A folder with the sticky bit
   * may be anybody's to write to, as {@code /tmp} is: nobody can replace what others have there.
   *
   * @throws IOException if something on the way does not exist or cannot be looked at
   */
  Optional<String> objection(Path path) throws IOException {
    return objection(path.toAbsolutePath(), MOST_LINKS);
  }

  private Optional<String> objection(Path path, int links) throws IOException {
    Path step = path.getRoot();
    for (int depth = 0; depth <= path.getNameCount(); depth++) {
      step = depth == 0 ? step : step.resolve(path.getName(depth - 1));
      Optional<String> objection = objectionTo(step);
      if (objection.isPresent()) {
        return objection;
      }
      if (Files.isSymbolicLink(step)) {
        if (links == 0) {
          throw new IOException("too many symbolic links on the way to " + path);
        }
        Path target = step.resolveSibling(Files.readSymbolicLink(step));
        for (int rest = depth; rest < path.getNameCount(); rest++) {
          target = target.resolve(path.getName(rest));
        }
        return objection(target, links - 1);
      }
    }
    return Optional.empty();
  }

  private Optional<String> objectionTo(Path step) throws IOException {
    Map<String, Object> facts =
        Files.readAttributes(step, "unix:uid,gid,mode", LinkOption.NOFOLLOW_LINKS);
    int owner = (Integer) facts.get("uid");
    int mode = (Integer) facts.get("mode");
    if (!trusted.contains(owner)) {
      return Optional.of(Text.format("%s belongs to another user, number %d", step, owner));
    }
    if (Files.isSymbolicLink(step)
        || Files.isDirectory(step, LinkOption.NOFOLLOW_LINKS) && (mode & STICKY) != 0) {
      return Optional.empty();
    }
    // Where each user has a group of their own it has the user's number.
    boolean ownGroup = trusted.contains((Integer) facts.get("gid"));
    if ((mode & OTHERS_WRITE) != 0 || (mode & GROUP_WRITES) != 0 && !ownGroup) {
      return Optional.of(
          Text.format("%s can be written by other users (mode %o)", step, mode & 07777));
    }
    return Optional.empty();
  }

  /** The number of the user that this process acts as. */
  static int user() {
    MethodHandle geteuid =
        SystemFunctions.find("geteuid", FunctionDescriptor.of(ValueLayout.JAVA_INT));
    try {
      return (int) geteuid.invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException("geteuid does not throw", e);
    }
  }
}
