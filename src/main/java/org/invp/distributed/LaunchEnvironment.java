package org.invp.distributed;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.invp.InvpException;
import org.invp.internal.Text;

/**
 * Recognises who started this process, from the environment variables that launchers set: {@code
 * torchrun}, Slurm's {@code srun}, Open MPI, MPICH and Intel MPI, and a Kubernetes indexed Job.
 * Only torchrun names the place to meet; elsewhere {@code MASTER_ADDR} and {@code MASTER_PORT} do,
 * or Slurm's list of hosts.
 */
public final class LaunchEnvironment {
  /** What this process and the others of its job have in common, whoever started them. */
  public static final String JOB = "INVP_JOB";

  /** Set where torchrun has a store of its own at the port that it names. */
  public static final String AGENT = "TORCHELASTIC_USE_AGENT_STORE";

  /** Numbers in brackets, such as {@code [03-05,9]}; the first of them is a group. */
  private static final Pattern RANGES =
      Pattern.compile("\\[(\\d+)(?:-\\d+)?(?:,\\d+(?:-\\d+)?)*\\]");

  /** A name, or several that differ in such numbers, in one place or in more. */
  private static final Pattern NAMES =
      Pattern.compile("(?:[^\\[\\],\\s]|" + RANGES.pattern().replace("(\\d+)", "\\d+") + ")+");

  private static final String HOST = "MASTER_ADDR";
  private static final String PORT = "MASTER_PORT";
  private static final String INTERFACE = "GLOO_SOCKET_IFNAME";
  private static final String TIMEOUT = "INVP_GROUP_TIMEOUT_SECONDS";
  private static final String STEP_SIZE = "SLURM_STEP_NUM_TASKS";

  /**
   * The variables of one launcher.
   *
   * @param localRank may be absent
   * @param job those whose values tell its jobs apart; may be absent
   */
  private record Launcher(
      String name, String rank, String size, String localRank, List<String> job) {}

  // Slurm last: an MPI or torchrun job inside an allocation has its variables too. A batch script
  // has
  // them as well, where only srun starts processes: those are of a step.
  private static final List<Launcher> LAUNCHERS =
      List.of(
          new Launcher(
              "torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", List.of("TORCHELASTIC_RUN_ID")),
          new Launcher(
              "Open MPI",
              "OMPI_COMM_WORLD_RANK",
              "OMPI_COMM_WORLD_SIZE",
              "OMPI_COMM_WORLD_LOCAL_RANK",
              List.of("PMIX_NAMESPACE")),
          new Launcher("MPICH or Intel MPI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", List.of()),
          new Launcher("Kubernetes", "JOB_COMPLETION_INDEX", "INVP_RANKS", "LOCAL_RANK", List.of()),
          new Launcher(
              "Slurm",
              "SLURM_PROCID",
              STEP_SIZE,
              "SLURM_LOCALID",
              List.of("SLURM_JOB_ID", "SLURM_STEP_ID")));

  private LaunchEnvironment() {}

  /**
   * This process's place, or nothing when no launcher started it.
   *
   * @param variables the environment
   * @throws InvpException when a launcher is recognised, but a variable is missing or no number
   */
  public static Optional<Membership> detect(Map<String, String> variables) {
    return launcher(variables).map(launcher -> membership(launcher, variables));
  }

  /** By which variables a launcher was recognised; empty if none was. */
  public static String evidence(Map<String, String> variables) {
    return launcher(variables)
        .map(
            launcher ->
                Text.format("%s and %s (%s)", launcher.rank(), launcher.size(), launcher.name()))
        .orElse("");
  }

  private static Optional<Launcher> launcher(Map<String, String> variables) {
    return LAUNCHERS.stream()
        .filter(launcher -> variables.containsKey(launcher.rank()))
        .filter(launcher -> variables.containsKey(launcher.size()))
        .findFirst();
  }

  private static Membership membership(Launcher launcher, Map<String, String> variables) {
    int rank = number(launcher.rank(), variables, 0);
    int size = number(launcher.size(), variables, 1);
    int localRank =
        variables.containsKey(launcher.localRank())
            ? number(launcher.localRank(), variables, 0)
            : 0;
    int port = port(variables);
    Duration timeout =
        variables.containsKey(TIMEOUT)
            ? Duration.ofSeconds(number(TIMEOUT, variables, 1))
            : Membership.DEFAULT_TIMEOUT;
    try {
      return new Membership(
          rank,
          size,
          localRank,
          host(launcher, size, variables),
          port,
          variables.get(INTERFACE),
          timeout,
          job(launcher, variables));
    } catch (IllegalArgumentException e) {
      throw new InvpException("started by " + launcher.name() + ": " + e.getMessage(), e);
    }
  }

  private static String job(Launcher launcher, Map<String, String> variables) {
    return Stream.concat(Stream.of(JOB), launcher.job().stream())
        .filter(variables::containsKey)
        .map(name -> name + "=" + variables.get(name).strip())
        .collect(Collectors.joining(" "));
  }

  // A store of torchrun's own may listen at its port.
  private static int port(Map<String, String> variables) {
    int port = variables.containsKey(PORT) ? number(PORT, variables, 1) : Membership.DEFAULT_PORT;
    return "True".equals(variables.get(AGENT)) ? port + 1 : port;
  }

  private static String host(Launcher launcher, int size, Map<String, String> variables) {
    String host = variables.get(HOST);
    if (host != null) {
      return host;
    }
    // A step may be on a part of the job's hosts; where an MPI uses one to start its daemons, that
    // step is not these processes'.
    boolean isStep = Integer.toString(size).equals(variables.get(STEP_SIZE));
    String hosts = isStep ? variables.get("SLURM_STEP_NODELIST") : null;
    if (hosts == null) {
      hosts = variables.get("SLURM_JOB_NODELIST");
    }
    if (hosts != null) {
      return firstHost(hosts);
    }
    if (size == 1) {
      return "127.0.0.1";
    }
    throw new InvpException(
        Text.format(
            "started by %s as one of %d processes, but %s does not say where they meet: set it to rank 0's host",
            launcher.name(), size, HOST));
  }

  /**
   * The first name of Slurm's short form: {@code gpu[03-05,9],x1} begins with {@code gpu03}, {@code
   * rack[1-2]node[01-04]} with {@code rack1node01}.
   */
  static String firstHost(String hosts) {
    Matcher first = NAMES.matcher(hosts);
    if (!first.lookingAt() || first.end() < hosts.length() && hosts.charAt(first.end()) != ',') {
      throw new InvpException("Slurm's list of hosts cannot be read: " + hosts);
    }
    return RANGES.matcher(first.group()).replaceAll("$1");
  }

  private static int number(String name, Map<String, String> variables, int least) {
    String value = variables.get(name);
    try {
      int number = Integer.parseInt(value.strip());
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Named below, like a number that is too small.
    }
    throw new InvpException(Text.format("%s is %s, allowed: integers from %d", name, value, least));
  }
}
