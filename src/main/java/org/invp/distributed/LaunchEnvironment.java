package org.invp.distributed;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.invp.InvpException;
import org.invp.internal.Text;

/**
 * Recognises who started this process, from the environment variables that launchers set: {@code
 * torchrun}, Slurm's {@code srun}, Open MPI, MPICH and Intel MPI, and a Kubernetes indexed Job.
 * Only torchrun names the place to meet; elsewhere {@code MASTER_ADDR} and {@code MASTER_PORT} do,
 * or Slurm's list of hosts.
 */
public final class LaunchEnvironment {
  /** Names and ranges up to the first comma outside brackets. */
  private static final Pattern FIRST_HOST = Pattern.compile("(?:[^\\[\\],]|\\[[^\\[\\]]+\\])+");

  /** Numbers in brackets; the first of them is a group. */
  private static final Pattern RANGE = Pattern.compile("\\[([^\\],-]+)[^\\]]*\\]");

  private static final String HOST = "MASTER_ADDR";
  private static final String PORT = "MASTER_PORT";
  private static final String INTERFACE = "GLOO_SOCKET_IFNAME";
  private static final String AGENT = "TORCHELASTIC_USE_AGENT_STORE";
  private static final String TIMEOUT = "INVP_GROUP_TIMEOUT_SECONDS";

  /** The variables of one launcher; {@code localRank} may be absent. */
  private record Launcher(String name, String rank, String size, String localRank) {}

  // Slurm last: an MPI or torchrun job inside an allocation has its variables too.
  private static final List<Launcher> LAUNCHERS =
      List.of(
          new Launcher("torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK"),
          new Launcher(
              "Open MPI",
              "OMPI_COMM_WORLD_RANK",
              "OMPI_COMM_WORLD_SIZE",
              "OMPI_COMM_WORLD_LOCAL_RANK"),
          new Launcher("MPICH or Intel MPI", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
          new Launcher("Kubernetes", "JOB_COMPLETION_INDEX", "INVP_RANKS", "LOCAL_RANK"),
          new Launcher("Slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"));

  private LaunchEnvironment() {}

  /**
   * This process's place, or nothing when no launcher started it.
   *
   * @param variables the environment
   * @throws InvpException when a launcher is recognised, but a variable is missing or no number
   */
  public static Optional<Membership> detect(Map<String, String> variables) {
    return LAUNCHERS.stream()
        .filter(launcher -> variables.containsKey(launcher.rank()))
        .filter(launcher -> variables.containsKey(launcher.size()))
        .findFirst()
        .map(launcher -> membership(launcher, variables));
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
          timeout);
    } catch (IllegalArgumentException e) {
      throw new InvpException("started by " + launcher.name() + ": " + e.getMessage(), e);
    }
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
    String hosts = variables.get("SLURM_JOB_NODELIST");
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
    Matcher form = FIRST_HOST.matcher(hosts);
    if (!form.lookingAt()) {
      throw new InvpException("SLURM_JOB_NODELIST is not a list of hosts: " + hosts);
    }
    return RANGE.matcher(form.group()).replaceAll("$1");
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
